"""What gives each script language away: forms of its syntax, each with a weight.

``anchors`` are lower-case strings of which any text in that language has at least one; looking
for them costs next to nothing and spares most texts the patterns. In the rows below ``␣`` stands
for a blank and ``¶`` for a line feed. A weight of ten is enough by
itself and is given only to forms that nothing but that language has.
"""

from __future__ import annotations

import re

from triage.content.patterns import lazy
from triage.records import dataclass

_FLAGS = re.IGNORECASE | re.MULTILINE


@dataclass(frozen=True, slots=True)
class Language:
    """A language's kind, its anchors, (weight, pattern) pairs, and the sources of the patterns."""

    kind: str
    anchors: tuple[str, ...]
    marks: tuple[tuple[int, re.Pattern[str]], ...]
    sources: tuple[str, ...]


def _language(kind: str, anchors: str, marks: tuple[tuple[int, str], ...]) -> Language:
    compiled = tuple((weight, lazy(pattern, _FLAGS)) for weight, pattern in marks)
    words = (word.replace("␣", " ").replace("¶", "\n") for word in anchors.split())
    return Language(kind, tuple(words), compiled, tuple(source for _, source in marks))


_VERBS = (
    "get|set|new|invoke|start|stop|add|remove|write|out|import|export|convertto|convertfrom|"
    "select|where|foreach|test|join|split|read|copy|move|clear|enable|disable|register|"
    "unregister|update|wait|measure|sort|compare|resolve|enter|send|receive|install|uninstall"
)
_NOUNS = (
    "object|expression|command|webrequest|restmethod|process|service|item|itemproperty|"
    "childitem|content|host|output|wmiobject|wmimethod|ciminstance|cimmethod|job|string|null|"
    "variable|path|module|type|member|date|random|location|error|warning|verbose|json|sleep|"
    "scheduledtask|eventlog|winevent|acl|netadapter|adcomputer|mppreference|psdrive|alias"
)

LANGUAGES: tuple[Language, ...] = (
    _language(
        "powershell",
        "$ iex invoke- new-object powershell pwsh write-host write-output get- set-item start- ]::"
        " add-type import-module out-null -f␣' -f␣\" [ref] $_.",
        (
            (
                10,
                (
                    r"\b(?:powershell|pwsh)(?:\.exe)?[\"']?\s(?:[^\n]{0,200}?\s)?[-/]e(?:c|n|nc"
                    r"|nco\w*)?"
                    r"\s+[\"']?[A-Za-z0-9+/=]{16,}"
                ),
            ),
            (5, r"\b(?:powershell|pwsh)(?:\.exe)?[\"']?\s[^\n]{0,200}?[-/]c(?:o\w*)?\s+\S"),
            (
                3,
                (
                    r"\s[-/](?:nop|noni|noprofile|noninteractive|w(?:in\w*)?\s+(?:hid\w*|1)|"
                    r"e(?:p|x\w*)\s+(?:bypass|unrestricted))\b"
                ),
            ),
            (4, r"(?:^|[\s;({,|])\$(?:\w+:)?[a-z_]\w*\s*[+*/-]?=(?!=)\s*[^;\s]"),
            (3, r"(?:^|[\s;({])\$[a-z_]\w*\s*=\s*(?:\[|@[({]|\(?\s*&?\(?[a-z]+-[a-z]|\$[a-z_]+\.)"),
            (
                8,
                (
                    rf"(?:^|[|;({{=&])\s*(?:{_VERBS})-(?:{_NOUNS})\b(?!\s+(?:to|is|and|or|the|for"
                    rf"|in)\s)"
                    rf"|\b(?:{_VERBS})-(?:{_NOUNS})\b\s+(?:-[a-z]+\b|[$(\"'@{{])"
                ),
            ),
            (3, r"\b[A-Z][a-z]+-[A-Z][A-Za-z]{2,}\s+-[A-Z][a-z]+\b"),
            (8, r"(?:[|;({&]|^|=|\.\s)\s*iex\b\s*(?:[($\"'&;.\[]|$|-|\s\$)|\|\s*iex\b"),
            (7, r"\[[a-z][\w.]*(?:\[\])?\]::\(?['\"]?[a-z]\w*"),
            (
                5,
                (
                    r"\[(?:byte|char|string|int|int32|uint32|intptr|object|void|switch|bool|array|"
                    r"ref|type|xml|system\.[\w.]+)(?:\[\])?\]\s*(?:\$|\(|0x|\d|@|')"
                ),
            ),
            (
                4,
                (
                    r"[\w$)'\"\]]\s+-(?:eq|ne|gt|lt|ge|le|i?like|c?match|join|split|c?replace|bxor|"
                    r"band|bor|notmatch|contains|as|is)\s*[\"'$(\[\d-]"
                ),
            ),
            (4, r"^-join|[(=]\s*-join\s*\("),
            (6, r"[\"']\{\d+\}[^\"'\n]*[\"']\s*-f\s*[\"'($]"),
            (6, r"\|\s*(?:%|\?|foreach(?:-object)?|where(?:-object)?)\s*\{"),
            (4, r"\$_\b(?=[.\s)\]-])"),
            (
                5,
                (
                    r"\$(?:env|global|script|using|psscriptroot|psversiontable"
                    r"|executioncontext)\b[:.\s]"
                ),
            ),
            (3, r"\$(?:true|false|null)\b"),
            (7, r"(?:^|[=(;|\s])\[[a-z][\w.]*\]\.[a-z]\w+(?:\.|\()"),
            (4, r"\.(?:getfield|getmethod|setvalue|getproperty|gettype|invoke)\s*\(\s*['\"$@]"),
            (6, r"^\s*(?:\[cmdletbinding\(|param\s*\(\s*(?:\[|\$)|#requires\b)"),
            (5, r"^\s*function\s+[\w:-]+\s*(?:\(\s*(?:\[|\$)|\{)[^\n]*(?:$|\$|param)"),
            (6, r"\bforeach\s*\(\s*\$\w+\s+in\s"),
            (5, r"\b(?:if|while|for|elseif|switch)\s*\(\s*!?\(?\s*\$[\w.:]+\s+-[a-z]+\s"),
            (6, r"\.(?:downloadstring|downloadfile|downloaddata|invoke|getmethod)\s*\("),
            (6, r"[a-z]`[a-z][\w`]*`[a-z]|`[a-z]+-`?[a-z]|\b[a-z]+`-[a-z]"),
            (6, r"(?:^|[;|=(])\s*[&.]\s*\(\s*(?:\$|[\"']|\()"),
            (4, r"(?:^|[;(|{=])\s*(?:gp|gci|sal|gwmi|icm|iwr|irm|curl)\s+[-\w'\"(\\$]"),
            (5, r"\[char\]\s*(?:\d|0x|\(|\$)"),
            (3, r"^\s*<#|^\s*@['\"]\s*$"),
        ),
    ),
    _language(
        "php",
        "<?php <?= $_get $_post $_request $_server $_cookie base64_decode gzinflate <?",
        (
            (20, r"<\?php(?:\s|$)"),
            (20, r"<\?=\s*[$\w`'\"(]"),
            (12, r"\A\s*<\?\s+(?:\$|echo|eval|if|include|require|system|@)"),
            (8, r"\$_(?:GET|POST|REQUEST|SERVER|COOKIE|FILES|SESSION)\s*\["),
            (
                8,
                (
                    r"\b(?:eval|assert)\s*\(\s*(?:base64_decode|gzinflate|gzuncompress"
                    r"|str_rot13)\s*\("
                ),
            ),
            (
                4,
                (
                    r"\b(?:shell_exec|passthru|fsockopen|base64_decode|gzinflate"
                    r"|create_function)\s*\("
                ),
            ),
        ),
    ),
    _language(
        "vbscript",
        "dim␣ createobject wscript. chr( end␣sub end␣if end␣function execute( msgbox vbcrlf"
        " resume␣next vbscript: getobject(",
        (
            (4, r"^\s*(?:Dim|Const|ReDim)\s+\w+(?:\s*[(,:=]|\s*$|\s+As\s)"),
            (3, r"[:;]\s*Dim\s+\w+|\bDim\s+\w+\s*[:,]"),
            (7, r"\bSet\s+\w+\s*=\s*(?:\w+\.)*(?:CreateObject|GetObject|Nothing|New\s|\w+\.\w+)"),
            (4, r"(?<!new )\b(?:CreateObject|GetObject)\s*\(\s*[\"&\w]"),
            (9, r"\bOn\s+Error\s+(?:Resume\s+Next|GoTo\s+\w)"),
            (
                4,
                (
                    r"^\s*(?:Private\s+|Public\s+)?(?:Sub|Function)\s+\w+\s*(?:\([^)\n]*\))?\s*"
                    r"(?:As\s+\w+\s*)?$"
                ),
            ),
            (6, r"(?:^|:)\s*End\s+(?:Sub|Function|If|With|Select|Class|Property)\s*(?:$|:|')"),
            (4, r"^\s*(?:Else)?If\s[^\n{;]+\sThen\b"),
            (3, r"^\s*(?:Next|Loop|Wend)(?:\s+\w+)?\s*$"),
            (4, r"\bFor\s+(?:Each\s+\w+\s+In\s|\w+\s*=\s*\S+\s+To\s)"),
            (4, r"\bWScript\.(?:Echo|Sleep|Quit|Arguments|ScriptFullName|CreateObject)\b"),
            (6, r"\bChrW?\s*\(\s*[\w&]+\s*\)\s*&"),
            (5, r"\b(?:Execute|ExecuteGlobal)\s*(?:\(|\")|\bExecute(?:Global)?\s+\w+\s*$"),
            (8, r"^\s*Option\s+Explicit\s*$|^Attribute\s+VB_"),
            (4, r"\bvb(?:CrLf|NullString|Tab|NewLine|TextCompare|Hide)\b"),
            (4, r"&\s+_\s*$"),
            (5, r"\bMsgBox\s*[\"(\w]"),
            (8, r"\bvbscript:\s*(?:Execute|Close|CreateObject|GetObject|On\s|Set\s|Dim\s)"),
            (4, r"^\s*(?:obj|o|sh|ws|fso)\w*\.(?:Run|Exec|ShellExecute|RegWrite|RegRead)\b"),
            (3, r"\.(?:Run|RegRead|RegWrite|Exec)\s*\(?\s*\""),
        ),
    ),
    _language(
        "javascript",
        "var␣ function( function␣ => let␣ const␣ document. window. console. require( eval("
        " fromcharcode .prototype activexobject defineproperty( exports. wscript. "
        "javascript: _0x getobject( "
        "export␣",
        (
            (4, r"(?:^|[;{}(:,\s])var\s+[$\w]+\s*(?:=|;|,)"),
            (5, r"\bfunction\b\s*[$\w]*\s*\([^)$\n]*\)\s*\{"),
            (4, r"(?:\)|\b[\w$]+)\s*=>\s*[{(\[\w!`'\"]"),
            (4, r"^\s*(?:export\s+)?(?:let|const)\s+(?:[\w$]+|\{[^}]*\}|\[[^\]]*\])\s*="),
            (4, r"\b(?:document|window|globalThis|navigator|localStorage)\.[a-z]\w+"),
            (5, r"\bconsole\.(?:log|error|warn)\("),
            (5, r"\brequire\s*\(\s*['\"]"),
            (
                6,
                (
                    r"\bmodule\.exports\b|^\s*export\s+(?:default|class|function|const|\{)|^\s*import\s"
                    r"[^\n]*\sfrom\s+['\"]|^\s*import\s+['\"]|\"use strict\"|'use strict'"
                ),
            ),
            (4, r"\beval\s*\(\s*(?![\"']?\$)[\w(\"'+]"),
            (6, r"\bString\.fromCharCode\s*(?:\(|\.apply)"),
            (4, r"\.prototype\b[.=\s]|\bclass\s+\w+\s+extends\s+[\w.]+\s*\{"),
            (6, r"\bObject\.defineProperty\(|^exports\.\w+\s*="),
            (4, r"[\w\])]\s*(?:===|!==)\s*[\w\"'(]"),
            (5, r"\}\s*\)?\s*\(\s*(?:[\w$]+(?:,\s*[\w$]+)*)?\s*\)\s*\)?\s*;?\s*$|\(function\s*\("),
            (7, r"\b_0x[0-9a-f]{3,}\b"),
            (4, r"\bJSON\.(?:parse|stringify)\(|\btypeof\s+[\w$]"),
            (4, r"\bunescape\s*\(|\bparseInt\s*\(|\.charCodeAt\s*\(|\.replace\(/"),
            (4, r"\bfor\s*\(\s*(?:var|let|const)\s"),
            (3, r"\btry\s*\{|\bcatch\s*\(\s*\w+\s*\)\s*\{"),
            (3, r"\bthis\.\w+\s*[=(;.]|\bnew\s+[A-Z]\w*\s*\("),
            (3, r"\breturn\b[^\n]*;\s*\}"),
            (6, r"\basync\s+(?:function\b|\()|\bawait\s+[\w.]+\("),
            # the marks of the Windows Script Host decide between javascript and jscript
            (9, r"\bnew\s+ActiveXObject\s*\(?"),
            (5, r"\bWScript\.(?:CreateObject|Echo|Sleep|Quit|Arguments|ScriptFullName|Shell)\b"),
            (8, r"\bGetObject\s*\(\s*[\"'](?:script|winmgmts):"),
            (
                10,
                (
                    r"\bjavascript:\s*[\"']?\\?[.\\/]*[^\n]*(?:RunHTMLApplication|ActiveXObject"
                    r"|GetObject"
                    r"|eval\()"
                ),
            ),
            (8, r"/\*@cc_on|@if\s*\(@_"),
        ),
    ),
    _language(
        "python",
        "import␣ def␣ print( exec( lambda␣ python self. __import__",
        (
            (
                5,
                (
                    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]+[\w*(]|import[ \t]+\w+(?:\.\w+)*"
                    r"(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*(?:#[^\n]*)?(?:\r?$"
                    r"|;[ \t]*\S))"
                ),
            ),
            (4, r"^from[ \t]+[\w.]+[ \t]+import[ \t]|;[ \t]*(?:from \w+ import|import \w+)"),
            (8, r"^[ \t]*(?:async[ \t]+)?def[ \t]+\w+[ \t]*\([^)]*\)[ \t]*(?:->[^\n]+)?:"),
            (6, r"^[ \t]*class[ \t]+\w+(?:\([\w., =\[\]]*\))?:[ \t]*(?:#[^\n]*)?\r?$"),
            (3, r"^[ \t]*(?:if|elif|for|while|with|except)\b[^\n{;]*:[ \t]*(?:#[^\n]*)?\r?$"),
            (2, r"^[ \t]*(?:try|else|finally):[ \t]*\r?$"),
            (3, r"\bself\.\w+"),
            (3, r"\b__(?:init|name|main|file|doc|all|class|dict|builtins|enter|call)__\b"),
            (8, r"\b__import__\s*\(\s*['\"(\w]"),
            (5, r"\bexec\s*\(\s*(?:\w+\.|compile\s*\(|__import__|base64|zlib|bytes|[\"'])"),
            (3, r"\blambda\s+[\w, *=]*:|\blambda:"),
            (3, r"^[ \t]*print\s*\(|;[ \t]*print\s*\("),
            (
                10,
                (
                    r"\bpython[\d.]*(?:\.exe)?[\"']?\s+(?:-[a-zA-Z]+\s+)*-c\s+[\"']?\s*(?:import"
                    r"|exec|from|"
                    r"print|__import__|eval)"
                ),
            ),
            (6, r"\bos\.(?:system|popen|dup2|fork|memfd_create|exec[vl]\w*|setsid|environ|path)\b"),
            (5, r"\bsocket\.(?:socket|AF_INET)\b|\bsubprocess\.\w+\(|\bctypes\.\w+"),
            (4, r"\b(?:b64decode|marshal\.loads|zlib\.decompress|urlopen|bytes\.fromhex)\s*\("),
            (2, r"\b(?:None|True|False)\b"),
            (3, r"^[ \t]*return\b[^\n;]*\r?$|^[ \t]*raise\s+\w+"),
            (2, r"\"\"\"|'''"),
            (3, r"^[ \t]*@\w+(?:\.\w+)*(?:\([^\n]*\))?\r?\n[ \t]*(?:async\s+)?(?:def|class)"),
        ),
    ),
    _language(
        "perl",
        "my␣$ my␣( my␣@ use␣strict use␣warnings sub␣ perl␣ =~ $_ @_ shift; shift@"
        " use␣socket use␣io:: open(std",
        (
            (
                8,
                (
                    r"^\s*use\s+(?:strict|warnings|utf8|vars|lib|[A-Z]\w*::\w+|v?5[.\d_]*|Socket|"
                    r"POSIX|Carp|Exporter|base|parent|constant)\b[^\n]*;"
                ),
            ),
            (8, r"\bopen\s*\(?\s*\*?STD(?:IN|OUT|ERR)\s*,\s*[\"'][<>+]+&"),
            (6, r"\bsockaddr_in\s*\(\s*\$|\binet_aton\s*\(\s*\$|\bIO::Socket::\w+\s*->"),
            (7, r"(?:^|[;{(\s])(?:my|our|local)\s*(?:\(\s*)?[$@%][a-z_]\w*\s*(?:[=;,)]|$)"),
            (4, r"^\s*sub\s+\w+\s*(?:\([$@%;\\]*\)\s*)?\{"),
            (5, r"[$\w\]})]\s*[=!]~\s*(?:[msy]|tr|qr)?\s*[/{|#!]"),
            (4, r"@ARGV\b|%ENV\b|\$ENV\{|@_\b|\$_\[\d\]|\$0\b|\$@"),
            (5, r"^\s*package\s+\w+(?:::\w+)*\s*[;{]"),
            (4, r"\bqw\s*[(/\[{]"),
            (4, r"\b(?:foreach|for)\s+(?:my\s+)?\$\w+\s*\("),
            (10, r"\bperl\s+(?:-[\w:]+\s+)*-[\w]*e\s*['\"]"),
            (4, r"\$\w+->\{|\$\w+->\[|->\w+\("),
            (4, r"^=(?:head\d|pod|cut|over|item|begin)\b"),
            (
                4,
                (
                    r"\b(?:die|warn|print|printf|exec|system|open|unpack|pack|syscall)\s*\(?\s*"
                    r"(?:STDERR\s+|STDOUT\s+)?[\"'$A-Z]"
                ),
            ),
            (3, r"\bunless\s*\(|\belsif\b|\bbless\b|\bshift\s*[;(@]"),
            (3, r"^__(?:END|DATA)__|^1;\s*$"),
        ),
    ),
    _language(
        "ruby",
        "require␣' require␣\" ruby␣- def␣",
        (
            (4, r"^\s*def\s+(?:self\.)?[a-z_]\w*[?!]?(?:\s*\([^)]*\))?\s*$"),
            (4, r"^\s*end\s*$"),
            (4, r"^\s*require(?:_relative)?\s+['\"]"),
            (6, r"(?:\bdo|\{)\s*\|\s*\w+(?:,\s*\w+)*\s*\|"),
            (3, r"^\s*(?:class|module)\s+[A-Z]\w*(?:\s*<\s*[A-Z][\w:]*)?\s*$"),
            (10, r"\bruby\s+(?:-\w+\s+)*-e\s*['\"]"),
            (3, r"^\s*puts\s|\.each\b|\battr_(?:reader|accessor)\b|@\w+\s*=\s"),
        ),
    ),
    _language(
        "lua",
        "local␣ function␣",
        (
            (6, r"^\s*local\s+\w+(?:\s*,\s*\w+)*\s*=\s"),
            (7, r"(?:^|[;\s])local\s+\w+\s*=\s*(?:require|assert|loadstring|pcall)\s*[(\"'\[]"),
            (9, r"^\s*local\s+function\s+\w+\s*\("),
            (4, r"\bfunction\s*[\w.:]*\([^)]*\)\s*$"),
            (4, r"^\s*end[,)]?\s*$"),
            (3, r"\bthen\s*$|\bdo\s*$|~=|\belseif\b"),
            (4, r"\b(?:ipairs|pairs|setmetatable|tostring|io\.\w+|os\.execute|loadstring)\s*\("),
            (3, r"^\s*--(?:\[\[)?\s"),
        ),
    ),
    _language(
        "awk",
        "begin{ begin␣{ {print {␣print",
        (
            (7, r"^\s*(?:BEGIN|END)\s*\{"),
            (7, r"\{\s*(?:print|printf)\b[^\n}]*\$\d"),
            (4, r"\$\d+\s*[~=]{1,2}\s*[/\"]|^/[^/\n]+/\s*\{"),
            (3, r"\b(?:NR|NF|FS|OFS|RS)\b\s*[=<>%]"),
        ),
    ),
    _language(
        "batch",
        "@echo cmd goto␣ setlocal errorlevel %~ for␣/ for␣% >nul set␣ if␣exist if␣not :~ ^",
        (
            (12, r"^\s*@echo\s+off\b"),
            (4, r"^@\w+"),
            (3, r"^\s*(?:@?rem\s|::)"),
            (7, r"%~[dpnxfsatz$]*\d|%~dp0|!\w+!"),
            (4, r"^:[a-z_]\w*\s*$"),
            (5, r"\bgoto\s+:?\w+"),
            (7, r"^\s*@?(?:setlocal|endlocal)\b"),
            (6, r"\bif\s+(?:/i\s+)?(?:not\s+)?(?:exist|errorlevel|defined)[ \t]"),
            (5, r"\bif\s+(?:/i\s+)?(?:not\s+)?\"?%[\w~]+%?\"?\s*==?"),
            (4, r"^\s*@?set\s+(?:/[ap]\s+)?\"?\w+=|&\s*set\s+\"?\w+="),
            (9, r"\bfor\s+/[fdlr]\s+|\bfor\s+%%?\w\s+in\s*\("),
            (9, r"%\w+:~-?\d+(?:,-?\d+)?%"),
            (4, r">\s*nul\b"),
            (
                3,
                (
                    r"^\s*@?(?:start|call|del|copy|xcopy|reg\s+(?:add|query|delete)|schtasks"
                    r"|taskkill|md|"
                    r"attrib|ping|timeout|echo|cd|net|sc|wmic|certutil|bitsadmin|exit)\s+[\"/%\w.-]"
                ),
            ),
            (
                4,
                (
                    r"\bcmd(?:\.exe)?[\"']?\s+(?:/\w(?::\w+)?\s+)*/[ckr]\b\s*[\"']?[^\n]*(?:&&|\s&\s"
                    r"|\^|\|)"
                ),
            ),
            (3, r"\bcmd(?:\.exe)?[\"']?\s+(?:/\w(?::\w+)?\s+)*/[ckr]\b[^\n]*%\w+%[^\n]*(?:&|\|)"),
            (5, r"\^[a-z]\^?[a-z]\^|(?:\w\^){3,}"),
        ),
    ),
    _language(
        "shell",
        "¶fi ;␣fi ¶done ;␣done $( ${ /bin/ esac 2>&1 /dev/ export␣ |sh |␣sh bash chmod␣ "
        "curl␣ wget␣ && "
        "␣sh␣-c cd␣/"
        " echo␣ base64␣",
        (
            (6, r"(?:^|;)\s*(?:if|elif)\s[^\n]*(?:;\s*then\b|\n\s*then\b)|\bthen\b[^\n]*;\s*fi\b"),
            (3, r"(?:^|;)\s*fi\b\s*(?:$|;|&|\|)"),
            (6, r"(?:^|;|\s)(?:for\s+\w+\s+in\s|while\s|until\s)[^\n]*(?:;|\n)\s*do\b"),
            (3, r"(?:^|;)\s*done\b"),
            (6, r"^\s*case\s[^\n]+\sin\b|^\s*esac\b"),
            (4, r"\$\{\w+(?:[:%#/@^,+=?-]|\[)"),
            (3, r"[\"\s=(]\$\((?!\()[a-z]|\"\$[\w@#*]|\$\{\w+\}"),
            (3, r"^\s*(?:export\s+|local\s+|readonly\s+|declare\s+)\w+(?:=|$)"),
            (2, r"^\s*[A-Za-z_]\w*=(?:[\"'$`/\w]|$)[^\n=]*$"),
            (5, r"\b[12]?>\s*&[12]\b|[12&]?>>?\s*/dev/null|<\s*/dev/null"),
            (9, r"\|\s*(?:sudo\s+)?(?:/bin/|/usr/bin/)?(?:ba|z|da|k|a)?sh\b(?!\.|/)"),
            (
                4,
                (
                    r"\b(?:curl|wget)\s+(?:-{1,2}[\w-]+(?:[= ]\S+)?\s+)*[\"']?(?:https?://|ftp://|\$"
                    r"|\d+\.\d)"
                ),
            ),
            (9, r"/dev/(?:tcp|udp)/"),
            (5, r"\bchmod\s+(?:-R\s+)?(?:[ugoa]*\+[rwxs]+|[0-7]{3,4})\s"),
            (5, r"(?:^|[\s;|&\"'/])(?:ba|da|z|k)?sh\s+-[ilc]+\b"),
            (6, r"^\s*(?:function\s+)?[\w-]+\s*\(\)\s*(?:\{|$)"),
            (8, r"\bbase64\s+(?:-d|-D|--decode)\b|\bxxd\s+-r\b|\|\s*openssl\s+enc\b|\bxargs\s+-"),
            (4, r"^\s*set\s+-[euxo]"),
            (3, r"\S\s+(?:&&|\|\|)\s+(?:\{|exit|return|echo|rm|cd|chmod|\./|sh|sudo|test|\[)"),
            (
                3,
                (
                    r"(?:^|[;&|]\s*|\b(?:do|then|else)\s+)(?:rm\s+-[rf]+|mkdir\s+-p|cd\s+[/$~\"]"
                    r"|mkfifo|mknod|nohup|crontab\s+-|"
                    r"iptables\s|kill(?:all)?\s+-\d|sleep\s+\d+|exit\s+\d|echo\s+[-\"'$\w]|unset\s+\w|"
                    r"exec\s+[\w/\d<>]|trap\s+|cat\s+[/<]|printf\s+['\"]|nc\s+-|source\s+"
                    r"|\.\s+[/\"$])"
                ),
            ),
            (3, r"(?:^|[\s;(!])\[{1,2}\s+(?:!\s+)?(?:-[a-z]\s|\"?\$)"),
            (6, r"\beval\s+[\"'`]?\$|\beval\s+`|\beval\s+\"\$\("),
            (3, r"/proc/(?:self|\$\$|\$\{?\w+\}?)/fd/|/dev/shm/\S+"),
            (3, r"^\s*(?:\.|source)\s+[\"$/~]|\bIFS=|<<-?\s*['\"]?[A-Z]{3,}\b"),
        ),
    ),
)
