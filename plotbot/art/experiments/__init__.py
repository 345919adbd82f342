"""Many small drawings side by side: a grid of channels, style weights and seeds.

`cell` grows one, `grid` says which there are and which are finished, `pool` computes them in parallel,
`findings` tells what they show. `plotbot sweep` and `plotbot atlas` are this with a contact sheet.
"""
