"""The suite's only conftest: every option, hook and fixture lives in the plugin.

pytest.ini names the plugin too: its options have to be known before pytest looks for tests.
"""

pytest_plugins = ["fixtures.plugin"]
