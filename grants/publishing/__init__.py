"""What the world may see of the grants: IATI 2.03 and 360Giving 1.4, checked before it is issued.

`levels` cuts a grant down to its level of publishing; `iati` and `threesixty` write what it left,
and never see more; `checks` reads a written file as an outsider would. The mapping and what was
decided stand in docs/publishing.md.
"""
