"""A snapshot of the host, taken before the first run and compared after the teardown."""


def pytest_addoption(parser):
    parser.addoption("--snapshot", required=True, help="file that holds the snapshot")
