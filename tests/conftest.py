"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

# Two cores shared with other work: how long an example takes says nothing here. Speed lives in benchmarks/.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
