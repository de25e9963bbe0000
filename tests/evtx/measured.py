"""``python -m tests.evtx.measured CORPUS > docs/event-logs-measured.md``: what is raised where.

CORPUS is the unpacked corpus. The list says which of its attack logs show the techniques that this
tool is for, by their names and by what their events say; the others show something else (logons,
accounts, network traffic) and are counted only.
"""

from __future__ import annotations

import sys
from pathlib import Path

from triage.analyze import analyze
from triage.collect import collect
from triage.collectors import event_logs
from triage.evidence import Root
from triage.model import Report, Severity

ONLY = ((event_logs.NAME, event_logs.collect),)
RAISED = frozenset({Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL})
LEAST = 0.95

SCOPE: dict[str, str] = {
    "AutomatedTestingTools/Malware/DE_timestomp_and_dll_sideloading_and_RunPersist": "T1055 T1547.001",  # noqa: E501
    "AutomatedTestingTools/Malware/rundll32_cmd_schtask": "T1218.011 T1053.005",
    "AutomatedTestingTools/Malware/rundll32_hollowing_wermgr_masquerading": "T1055.012",
    "AutomatedTestingTools/WinDefender_Events_1117_1116_AtomicRedTeam": "T1059.001",
    "Credential Access/CA_keefarce_keepass_credump": "T1055",
    "Credential Access/CA_sysmon_hashdump_cmd_meterpreter": "T1055 T1620",
    "Credential Access/CA_teamviewer-dumper_sysmon_10": "T1055",
    "Credential Access/discovery_sysmon_1_iis_pwd_and_config_discovery_appcmd": "T1059.001",
    "Credential Access/phish_windows_credentials_powershell_scriptblockLog_4104": "T1059.001 T1027",
    "Credential Access/ppl_bypass_ppldump_knowdll_hijack_sysmon_security": "T1574",
    "Credential Access/sysmon_10_1_memdump_comsvcs_minidump": "T1218.011 T1059.005",
    "Credential Access/sysmon_rdrleakdiag_lsass_dump": "T1055",
    "Defense Evasion/DE_Powershell_CLM_Disabled_Sysmon_12": "T1112",
    "Defense Evasion/DE_UAC_Disabled_Sysmon_12_13": "T1112",
    "Defense Evasion/Sysmon_10_Evasion_Suspicious_NtOpenProcess_CallTrace": "T1055 T1620",
    "Defense Evasion/de_PsScriptBlockLogging_disabled_sysmon12_13": "T1112",
    "Defense Evasion/faxhell_sysmon_7_1_18_3_bindshell_dllhijack": "T1574.001",
    "Defense Evasion/meterpreter_migrate_to_explorer_sysmon_8": "T1055 T1620",
    "Defense Evasion/sideloading_wwlib_sysmon_7_1_11": "T1574.001",
    "Defense Evasion/sysmon_10_1_ppid_spoofing": "T1134.004 T1059.001",
    "Defense Evasion/sysmon_2_11_evasion_timestomp_MACE": "T1547.001",
    "Discovery/discovery_meterpreter_ps_cmd_process_listing_sysmon_10": "T1620",
    "Execution/evasion_execution_imageload_wuauclt_lolbas": "T1218",
    "Execution/exec_msxsl_xsl_sysmon_1_7": "T1220",
    "Execution/exec_sysmon_1_11_lolbin_rundll32_shdocvw_openurl": "T1218.011",
    "Execution/exec_sysmon_1_11_lolbin_rundll32_zipfldr_RouteTheCall": "T1218.011",
    "Execution/exec_sysmon_1_7_jscript9_defense_evasion": "T1059.007",
    "Execution/exec_sysmon_1_ftp": "T1218",
    "Execution/exec_sysmon_1_lolbin_rundll32_advpack_RegisterOCX": "T1218.011",
    "Execution/exec_sysmon_1_rundll32_pcwutl_LaunchApplication": "T1218.011",
    "Execution/exec_sysmon_lobin_regsvr32_sct": "T1218.010",
    "Execution/exec_wmic_xsl_internet_sysmon_3_1_11": "T1220",
    "Execution/execution_evasion_visual_studio_prebuild_event": "T1127.001 T1059.001",
    "Execution/revshell_cmd_svchost_sysmon_1": "T1059.003",
    "Execution/susp_explorer_exec": "T1059.001 T1059.005",
    "Execution/sysmon_1_11_rundll32_cpl_ostap": "T1218.002 T1059.007",
    "Execution/sysmon_exec_from_vss_persistence": "T1055 T1053.005",
    "Execution/sysmon_zipexec": "T1059.007 T1036.003",
    "Execution/temp_scheduled_task_4698_4699": "T1053.005",
    "Lateral Movement/LM_DCOM_MSHTA_LethalHTA_Sysmon_3_1": "T1218.005",
    "Lateral Movement/LM_ImageLoad_NFSH_Sysmon_7": "T1574",
    "Lateral Movement/LM_PowershellRemoting_sysmon_1_wsmprovhost": "T1059.001",
    "Lateral Movement/LM_add_new_namedpipe_tp_nullsession_registry_turla_like_ttp": "T1112",
    "Lateral Movement/LM_regsvc_DirectoryServiceExtPt_Lsass_NTDS_AdamXpn": "T1112",
    "Lateral Movement/LM_sysmon_psexec_smb_meterpreter": "T1027.011 T1620 T1059.001 T1112",
    "Lateral Movement/LM_sysmon_remote_task_src_powershell": "T1059.001 T1053.005",
    "Lateral Movement/LM_tsclient_startup_folder": "T1547.001",
    "Lateral Movement/LM_typical_IIS_webshell_sysmon_1_10_traces": "T1059.003 T1505.003",
    "Lateral Movement/LM_winrm_exec_sysmon_1_winrshost": "T1059.003",
    "Lateral Movement/LM_wmiexec_impacket_sysmon_whoami": "T1047 T1059.003",
    "Lateral Movement/lateral_movement_startup_3_11": "T1547.001",
    "Lateral Movement/lm_sysmon_18_remshell_over_namedpipe": "T1059.001",
    "Lateral Movement/powercat_revShell_sysmon_1_3": "T1059.001",
    "Lateral Movement/smbmap_upload_exec_sysmon": "T1047 T1218.011",
    "Lateral Movement/wmi_remote_registry_sysmon": "T1112 T1547.001",
    "Other/emotet/exec_emotet_ps_4104": "T1059.001 T1027.010",
    "Other/emotet/exec_emotet_ps_800_get-item": "T1059.001 T1027.010",
    "Other/emotet/exec_emotet_ps_800_invoke-item": "T1059.001 T1027.010",
    "Other/emotet/exec_emotet_ps_800_new-item": "T1059.001 T1027.010",
    "Other/emotet/exec_emotet_ps_800_new-object": "T1059.001 T1027.010",
    "Other/emotet/exec_emotet_sysmon_1": "T1059.001 T1036.003",
    "Other/maldoc_mshta_via_shellbrowserwind_rundll32": "T1218.005 T1218.011",
    "Persistence/Persistence_Shime_Microsoft-Windows-Application-Experience_Program-Telemetry_500": "T1546.011",  # noqa: E501
    "Persistence/persist_bitsadmin_Microsoft-Windows-Bits-Client-Operational": "T1197",
    "Persistence/persist_firefox_comhijack_sysmon_11_13_7_1": "T1546.015 T1112",
    "Persistence/persist_turla_outlook_backdoor_comhijack": "T1546.015 T1112",
    "Persistence/persistence_SilentProcessExit_ImageHijack_sysmon_13_1": "T1546.012 T1112",
    "Persistence/persistence_pendingGPO_sysmon_13": "T1112",
    "Persistence/persistence_sysmon_11_13_1_shime_appfix": "T1546.011 T1112",
    "Persistence/sysmon_20_21_1_CommandLineEventConsumer": "T1546.003",
    "Privilege Escalation/Sysmon_13_1_UAC_Bypass_EventVwrBypass": "T1112 T1548.002",
    "Privilege Escalation/Sysmon_UACME_33": "T1112 T1548.002",
    "Privilege Escalation/Sysmon_UACME_39": "T1574.012",
    "Privilege Escalation/Sysmon_UACME_45": "T1112 T1548.002",
    "Privilege Escalation/Sysmon_UACME_56": "T1112 T1548.002",
    "Privilege Escalation/Sysmon_uacme_58": "T1112 T1574.007",
    "Privilege Escalation/UACME_61_Changepk": "T1112 T1548.002",
    "Privilege Escalation/privesc_registry_symlink_CVE-2020-1377": "T1112",
    "Privilege Escalation/privesc_rotten_potato_from_webshell_metasploit_sysmon_1_8_3": "T1055 T1620",  # noqa: E501
    "Privilege Escalation/privesc_spoolfool_mahdihtm_sysmon_1_11_7_13": "T1112 T1547.012",
    "Privilege Escalation/privesc_spoolsv_spl_file_write_sysmon11": "T1112 T1574.001",
    "Privilege Escalation/privesc_sysmon_cve_20201030_spooler": "T1112 T1547.012",
    "Privilege Escalation/sysmon_11_1_7_uacbypass_cliconfg": "T1574.001",
    "Privilege Escalation/sysmon_11_7_1_uacbypass_windirectory_mocking": "T1574.001 T1036.005",
    "Privilege Escalation/sysmon_13_1_12_11_perfmonUACBypass": "T1112 T1574.007",
    "Privilege Escalation/sysmon_13_1_compmgmtlauncherUACBypass": "T1112 T1548.002",
    "Privilege Escalation/sysmon_13_1_meterpreter_getsystem_NamedPipeImpersonation": "T1112 T1543.003",  # noqa: E501
    "Privilege Escalation/sysmon_1_11_exec_as_system_via_schedtask": "T1053.005",
    "Privilege Escalation/sysmon_1_13_11_cmstp_ini_uacbypass": "T1218.003 T1112",
    "Privilege Escalation/sysmon_1_13_UACBypass_AppPath_Control": "T1112 T1548.002",
    "Privilege Escalation/sysmon_1_7_11_migwiz": "T1574.001",
}  # fmt: skip


def report_of(folder: Path) -> Report:
    with Root(str(folder)) as root:
        return analyze(collect(root, kind="image", collectors=ONLY, debug=True))


def raised(report: Report) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By log without its ending: the greatest severity, and the indicators of what was raised."""
    found: dict[str, tuple[int, str, set[str]]] = {}
    for subject in report.subjects:
        log = subject.location.path.strip("/").removesuffix(".evtx")
        score, severity, names = found.get(log, (-1, "", set()))
        if subject.score > score:
            score, severity = subject.score, subject.severity.value
        if subject.severity in RAISED:
            names |= {finding.indicator for finding in subject.findings if not finding.attested}
        found[log] = score, severity, names
    return {log: (severity, tuple(sorted(names))) for log, (_, severity, names) in found.items()}


def page(report: Report, count: int) -> str:
    """The table as Markdown."""
    found = raised(report)
    rows = []
    missed = []
    for log, techniques in sorted(SCOPE.items()):
        severity, names = found.get(log, ("none", ()))
        if not names:
            missed.append(log)
        name = log.rpartition("/")[2]
        shown = ", ".join(f"`{n}`" for n in names) or "–"
        rows.append(f"| `{name}` | {techniques} | {severity} | {shown} |")
    kept = len(SCOPE) - len(missed)
    share = 100 * kept / len(SCOPE)
    return "\n".join(
        [
            "# Event logs: what is raised on recorded attacks",
            "",
            "<!-- python -m tests.evtx.measured CORPUS > docs/event-logs-measured.md -->",
            "",
            f"Of {count} logs recorded during attacks, {len(SCOPE)} show injection, reflective",
            "loading, stores, writes to the Registry, WMI, scripts, or Windows programs that run",
            "what they are told; the others show logons, accounts, discovery and network traffic.",
            f"Raised, medium or above: **{kept} of {len(SCOPE)}** ({share:.1f} %).",
            "",
            "The logs are of the corpus that [event-logs.md](event-logs.md) names.",
            "",
            "| log | shows | severity | raised by |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main(corpus: Path) -> int:
    folder = corpus / "evtx" / "attack"
    sys.stdout.write(page(report_of(folder), sum(1 for _ in folder.rglob("*.evtx"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
