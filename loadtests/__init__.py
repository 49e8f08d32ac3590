"""The load test: a campaign's trace sent open loop to a ledger, and the audit that decides. Nobody else knows Locust.

nights · campaign       a scenario from simulation to verdict; one trace against one ledger
harness · target · embedded · injector · faults    the run from outside: server, driver as a child, faults
locustfile · master · driver · senders · schedule · warp    the driver: who sends what, when
latency · sendlog · tally · seconds · recovery    what is measured while it is sent, and from its logs
slo · verdict · report · figures    what it came to, in numbers, words and pictures
adapters · targets/ · prepare · adapter_check · starting    ledgers that can be loaded
auditing/ · rerun/ · quick/    every bean, fen and minute; the rules once more, plainly and compiled
capacity · usl    the rate that a ledger holds
planning · arguments · livetab · job    Locust by hand, its web page, one run's settings
freeze · closedloop · stub · synthetic    the demonstration, a target and a trace of no campaign
"""
