"""The game over strategies: vendors choose how open they are, the market pays them.

What other experiments need of it:

    from experiments.game.playing import GameFolder, play, stored_game, stored_payoffs, tier_gains
    from experiments.game.equilibria import mixed, pure, regrets

    folder = GameFolder(Path("outputs/game-..."))       # made by `nomoat game run`, or by `play`
    game = stored_game(folder)                          # players, strategies, worlds, payoff
    payoffs, rounds = stored_payoffs(game, folder, "share")
    payoffs.game, payoffs.games                         # an axis per player; the same resampled
    payoffs.equilibrium                                 # by profile: share of resamples
    tiers, gains, draws = tier_gains(game, payoffs)     # of a game with `tiers`

A game is made by `setting.Game` with players of `setting.players_of` and worlds of
`setting.worlds_of`; `play` runs it with any `ensemble.runs.Work`.
"""
