"""The suite's only conftest: every option, hook and fixture lives in the plugin."""

pytest_plugins = ["fixtures.plugin"]
