"""Interruptions of one machine, from its virgin state on."""


def pytest_addoption(parser):
    parser.addoption("--machine", required=True, help="directory of the virtual machine")
    parser.addoption("--plan", required=True, help="file with the plan of the virgin machine")
    parser.addoption("--rows", required=True, help="which roles")
