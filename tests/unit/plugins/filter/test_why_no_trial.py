"""Whether new kernel arguments are booted on trial: the host's word counts last."""

import pytest

pytest.importorskip("ansible.errors")
from ansible_collections.nfv.ovs_dpdk.plugins.filter import why_no_trial

ask = why_no_trial.FilterModule().filters()["why_no_trial"]
LVM = {"why": "GRUB cannot write to /boot/grub on lvm"}


@pytest.mark.parametrize(
    "trial, asked, consent, mechanism, words",
    [
        ({"why": ""}, "auto", "yes", "kernel", ""),
        ({"why": ""}, "always", "unset", "kernel", ""),
        (LVM, "auto", "yes", "none", LVM["why"]),
        (LVM, "auto", "yes", "tuned", "TuneD puts its own arguments"),
        (LVM, "always", "no", "tuned", "host_reboot_allowed=false"),
        (LVM, "never", "no", "tuned", "kernel_args_trial=never"),
        ({}, "auto", "yes", "kernel", "nobody has looked"),
    ],
)
def test_the_first_reason_is_said(trial, asked, consent, mechanism, words):
    text = ask(trial, asked, consent, mechanism)
    assert words in text and bool(text) == bool(words)
