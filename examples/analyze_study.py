"""Analyse the ratings of a blinded reader study, and draw its figures.

python examples/analyze_study.py responses.csv figures
"""

import argparse

import cxr_release

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument(
    "responses", help="CSV with rater, quartet, image, source, rating, identified_as_real"
)
arguments.add_argument("figures", help="a folder for the figures")
given = arguments.parse_args()

study = cxr_release.analyze(given.responses, figures=given.figures, seed=1)

picks = study["identification"]
low, high = picks["clustered_ci95"]
print(f"real film identified: {picks['correct']} of {picks['trials']} ({picks['accuracy']:.1%}),")
print(f"  95 % interval {low:.1%} to {high:.1%}, chance {picks['chance']:.0%}")
print(f"Fleiss' kappa of those picks: {study['fleiss_kappa']:.2f}")
for source, realism in study["realism"].items():
    line = f"{source}: mean rating {realism['mean']:.2f} (SD {realism['sd']:.2f})"
    if "p_exact_holm" in realism:
        line += f", exact p against real films {realism['p_exact_holm']:.3f} (Holm)"
    print(line)
