"""The pooled learner: what all bidders of a pool know together of requests, abilities and claims.

Each part is best read in this order:

- What is believed: `world` says what requests are like, `abilities` who is right how often, `kinds` what a text
  foretells (by its `embedding`), `topics` and `strengths` who is better at which requests and `sorts` at which of
  nearly one text (both are `clusters`), `silence` who claims nothing and what that is worth, `echoes` who says what
  another has said, `wordings` where claims tell nothing, `costs` what works cost, `dearness` on which requests they
  cost more, and `belief` what the claims made so far say of one request. `pool` is the form in which all this is
  stored.
- How it is learned: `reading` makes cases of receipts and lessons, `evidence` says what cases make likely, `meetings`
  who may have echoed whom; `learning` goes from these to beliefs, and back, with `forgetting`; what is not kept as it
  is belongs to the `past`. A `rehearsal` tries out what was learned from practice.
- What follows for bids: an `outlook` values states by `appraising` them. Whom to ask first is looked ahead in full
  (`planning`, on `lookahead` over the `layers` of states to come), else a work is worth what simple ways to go on
  bring (`foresight`, on `continuations` and `followers`, less whoever is not `speaking`); `first_works` says how much
  of that is bid for a request. What is worked out of texts for that is kept `by_text`.
- Lots without comparable claims: `texts` says what a request's text tells of them (with `ease` and `open_topics`), and
  `open_learning` learns. They are valued by whose work `helps`: `offers` keeps those that users saw, `uptake` learns
  from them, what works bring `together` is known by practice, and `composing` bids by it; where there are none, by
  `unclaimed` (on `regressions`). Lots that are told apart by features are valued by `takings`.

`describing` shows what is believed to people, and `migration` reads what earlier versions have stored.
"""
