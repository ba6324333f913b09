"""The pooled learner: what all bidders of a pool know together of requests, abilities and claims.

Each part is best read in this order:

- What is believed: `world` says what requests are like, `abilities` who is right how often, `kinds` what a text
  foretells (by its `embedding`), `silence` who claims nothing and what that is worth, `echoes` who says what another
  has said, `costs` what works cost, and `belief` what the claims made so far say of one request. `pool` is the form in
  which all this is stored.
- How it is learned: `reading` makes cases of receipts and lessons, `evidence` says what cases make likely, `meetings`
  who may have echoed whom; `learning` goes from these to beliefs, and back, with `forgetting`.
- What follows for bids: `outlook` values states. Whom to ask first is looked ahead in full (`planning`, on `lookahead`
  over the `layers` of states to come), else a work is worth what simple ways to go on bring (`foresight`, on
  `continuations` and `followers`). Lots without comparable claims are valued by whose work helps: `offers` keeps those
  that users saw, `uptake` learns from them, and `composing` bids by it; where there are none, by `unclaimed` (on
  `regressions`). Those that are told apart by features are valued by `takings`.

`describing` shows what is believed to people, and `migration` reads what earlier versions have stored.
"""
