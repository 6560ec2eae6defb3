import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cmdline

EMPTY = {"missing": [], "superfluous": [], "conflicts": [], "foreign": []}


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("  quiet\tro \n", ["quiet", "ro"]),
        ('dyndbg="file a.c +p" ro', ['dyndbg="file a.c +p"', "ro"]),
        ('"dyndbg=file a.c +p" ro', ['"dyndbg=file a.c +p"', "ro"]),
        ('a="not closed ro', ['a="not closed ro']),
        ("ro -- isolcpus=1", ["ro"]),
        ("ro x=-- quiet", ["ro", "x=--", "quiet"]),
        ("ro\0\0", ["ro"]),
        ("a=\u00a0b\u2003c", ["a=\u00a0b\u2003c"]),  # blanks to a typographer, not to the kernel
    ],
)
def test_split_reads_a_line_as_the_kernel_does(text, tokens):
    assert _cmdline.split(text) == tokens


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("quiet", "quiet"),
        ("isolcpus=1,3", "isolcpus"),
        ("vfio-pci.ids=8086:10fb", "vfio_pci.ids"),
        ('"dyndbg=file a.c +p"', "dyndbg"),
        ("x=a=b", "x"),
    ],
)
def test_name(token, name):
    assert _cmdline.name(token) == name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1G", 1 << 30),
        ("1GB", 1 << 30),
        ("1g", 1 << 30),
        ("1024M", 1 << 30),
        ("1048576K", 1 << 30),
        ("1073741824", 1 << 30),
        ("0x40000000", 1 << 30),
        ("010000000000", 1 << 30),
        ("2048", 2048),  # bytes, not KiB
        ("1T", 1 << 40),
        ("09", None),
        ("G", None),
        ("", None),
    ],
)
def test_size_bytes_is_memparse(text, size):
    assert _cmdline.size_bytes(text) == size


SAME = [
    ("quiet ro", "ro quiet"),
    ("isolcpus=1,2,3", "isolcpus=1-3"),
    ("isolcpus=domain,1-3", "isolcpus=1-3"),
    ("isolcpus=managed_irq,domain,2-5", "isolcpus=domain,managed_irq,5,2-4"),
    ("nohz_full=2-5,8-11", "nohz_full=8-11,2,3,4,5"),
    ("rcu_nocbs=2-5", "rcu_nocbs=2,3,4,5"),
    ("irqaffinity=0,1,6,7", "irqaffinity=0-1,6-7"),
    ("isolcpus=0-31:2/8", "isolcpus=0,1,8,9,16,17,24,25"),
    ("default_hugepagesz=1GB", "default_hugepagesz=1G"),
    ("default_hugepagesz=1073741824", "default_hugepagesz=1024M"),
    ("hugepagesz=1GB hugepages=4", "hugepagesz=1G hugepages=4"),
    ("default_hugepagesz=1G hugepages=4", "default_hugepagesz=1G hugepagesz=1G hugepages=4"),
    ("hugepages=4 default_hugepagesz=1G", "default_hugepagesz=1G hugepages=4"),
    ("hugepagesz=1G hugepages=4 hugepagesz=2M hugepages=8", "hugepagesz=2M hugepages=8 hugepagesz=1G hugepages=4"),
    ("hugepagesz=1G quiet hugepages=4", "hugepagesz=1G hugepages=4 quiet"),
    ("hugepagesz=1G hugepages=0:2,1:2", "hugepagesz=1G hugepages=1:2,0:2"),
    ("hugepagesz=1G hugepages=0:2,1:0", "hugepagesz=1G hugepages=0:2"),
    ("vfio-pci.ids=1af4:1041", "vfio_pci.ids=1af4:1041"),
    ('x="1"', "x=1"),
    ('"dyndbg=file a.c +p"', 'dyndbg="file a.c +p"'),
    ("console=tty0 console=ttyS0", "console=ttyS0 console=tty0"),
]


@pytest.mark.parametrize(("line", "other"), SAME)
def test_the_same_meaning_is_no_difference(line, other):
    assert _cmdline.compare(line, _cmdline.split(other)) == EMPTY
    assert _cmdline.compare(other, _cmdline.split(line)) == EMPTY


DIFFERENT = [
    ("isolcpus=1,3", "isolcpus=1"),  # a substring
    ("isolcpus=1-95", "isolcpus=1-9"),
    ("xisolcpus=2-3", "isolcpus=2-3"),
    ("isolcpus=managed_irq,1-3", "isolcpus=1-3"),
    ("isolcpus=1-N", "isolcpus=1-3"),
    ("default_hugepagesz=2048", "default_hugepagesz=2M"),  # KiB where the kernel reads bytes
    ("default_hugepagesz=1G", "hugepagesz=1G"),  # a prefix
    ("hugepagesz=1G hugepages=16", "hugepagesz=1G"),
    ("hugepages=16 hugepagesz=1G", "hugepagesz=1G hugepages=16"),
    (
        "hugepages=16 hugepages=1024 hugepagesz=1G hugepagesz=2M",
        "hugepagesz=1G hugepages=16 hugepagesz=2M hugepages=1024",
    ),
    ("hugepagesz=1G hugepages=4", "hugepagesz=1G hugepages=0:2,1:2"),
    ("fooXbar=1", "foo.bar=1"),  # no regular expressions
    ("foo=ab", "foo=a.*"),
    ("Quiet", "quiet"),
    ("quiet=", "quiet"),
    ("ro -- nosmt", "nosmt"),
]


@pytest.mark.parametrize(("line", "wanted"), DIFFERENT)
def test_a_different_meaning_is_missing(line, wanted):
    assert _cmdline.compare(line, _cmdline.split(wanted))["missing"]


def test_a_missing_pool_is_named_with_its_size():
    wanted = ["hugepagesz=1G", "hugepages=16", "hugepagesz=2M", "hugepages=1024"]
    assert _cmdline.compare("hugepagesz=1G hugepages=16", wanted)["missing"] == ["hugepagesz=2M", "hugepages=1024"]


def test_of_two_different_isolcpus_the_kernel_keeps_the_first():
    result = _cmdline.compare("ro isolcpus=1 isolcpus=2-5", ["isolcpus=2-5"])
    assert result["missing"] == []
    assert result["conflicts"] == [
        {
            "name": "isolcpus",
            "running": "isolcpus=1",
            "wanted": "isolcpus=2-5",
            "text": "isolcpus=1 contradicts isolcpus=2-5: of two different isolcpus= the kernel keeps the first",
        }
    ]


@pytest.mark.parametrize(
    ("line", "wanted", "names"),
    [
        ("intel-iommu=off", "intel_iommu=on", ["intel_iommu"]),
        ("hugepagesz=1G hugepages=4", "hugepagesz=1G hugepages=8", ["hugepages"]),
        ("hugepages=512 default_hugepagesz=1G", "default_hugepagesz=1G hugepagesz=1G hugepages=4", ["hugepages"]),
        ("hugepagesz=1G default_hugepagesz=1G", "default_hugepagesz=1G hugepages=4", ["hugepages"]),
        ("hugepagesz=2M hugepages=512", "hugepagesz=1G hugepages=4", []),
        ("console=ttyS0 rd.lvm.lv=a memmap=1G!4G", "console=tty0 rd.lvm.lv=b memmap=1G!8G", []),
        ("hugepagesz=x hugepages=1:x", "hugepagesz=x hugepages=1", ["hugepages"]),
    ],
)
def test_conflicts_name_what_sets_the_same_thing_differently(line, wanted, names):
    assert [item["name"] for item in _cmdline.compare(line, _cmdline.split(wanted))["conflicts"]] == names


def test_our_earlier_tokens_are_superfluous_and_no_conflict():
    result = _cmdline.compare("ro isolcpus=1-3 nosmt", ["isolcpus=1-5"], owned=["isolcpus=3,2,1", "nosmt"])
    assert result == {
        "missing": ["isolcpus=1-5"],
        "superfluous": ["isolcpus=1-3", "nosmt"],
        "conflicts": [],
        "foreign": ["ro"],
    }


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ("ro iommu=pt isolcpus=2-5", []),
        ("ro", ["not on the running kernel line: iommu=pt isolcpus=2-5"]),
        ("iommu=pt isolcpus=2-5 nosmt", ["ours on the running kernel line, no longer wanted: nosmt"]),
        (
            "isolcpus=1 iommu=pt",
            [
                "not on the running kernel line: isolcpus=2-5",
                "on the running kernel line, isolcpus=1 contradicts isolcpus=2-5: of two different isolcpus= "
                "the kernel keeps the first",
            ],
        ),
    ],
)
def test_reasons_are_one_sentence_for_each_kind_of_difference(line, reasons):
    assert _cmdline.reasons(_cmdline.compare(line, ["iommu=pt", "isolcpus=2-5"], owned=["nosmt"])) == reasons


def test_contradictions_within_one_list():
    assert _cmdline.contradictions(["isolcpus=1", "isolcpus=2", "console=a", "console=b"])[0]["name"] == "isolcpus"
    assert _cmdline.contradictions(["hugepagesz=1G", "hugepages=1", "hugepagesz=2M", "hugepages=2"]) == []
