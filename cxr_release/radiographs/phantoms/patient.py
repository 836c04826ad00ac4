"""What differs between patients, and between two films of one patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVELS = ("C2", "C3", "C4", "C5", "C6", "C7", "T1")


@dataclass(frozen=True)
class Patient:
    """A patient's lasting anatomy. Lengths in cm as projected onto the film, angles in degrees."""

    depth: float
    """Front-to-back depth of the body of C4."""
    height: float
    """Height of the body of C4."""
    disc: float
    """Height of a healthy disc."""
    canal: float
    """Depth of the spinal canal."""
    depths: tuple[float, ...]
    """Depth of each body of `LEVELS`, relative to C4's."""
    heights: tuple[float, ...]
    """Height of each body of `LEVELS`, relative to C4's."""
    wear: tuple[float, ...]
    """Degeneration of the disc below each of `LEVELS`, from 0 to 1: narrowing and osteophytes."""
    processes: tuple[float, ...]
    """Length of each spinous process of `LEVELS`."""
    droop: tuple[float, ...]
    """Slope of each spinous process in its vertebra's frame."""
    kinks: tuple[float, ...]
    """What each of `LEVELS` turns out of the smooth curve of the spine."""
    waist: float
    """How far the front of a body is hollowed."""
    dens: float
    """Height of the dens."""
    density: float
    """Mineral of the bone, relative to the mean."""
    flesh: float
    """Girth of the neck, relative to the mean."""
    nape: float
    """From the middle of the body of C4 to the skin of the nape."""
    throat: float
    """From the middle of the body of C4 to the skin of the throat."""
    jaw: float
    """Length of the mandible, relative to the mean."""
    jaw_drop: float
    """How far the chin lies below the line of a mean jaw."""
    chin: float
    """How far the chin stands out."""
    airway: float
    """Width of the airway, relative to the mean."""
    shoulders: float
    """Height of the shoulders above the middle of T1; below 0 where they hang lower."""
    lower_teeth: tuple[float, ...]
    """Width of each lower tooth from the incisors back; 0 where it is missing."""
    upper_teeth: tuple[float, ...]
    fillings: tuple[int, ...]
    """Which teeth carry metal: 0 to 6 below, 7 to 13 above, from the front."""
    cartilage: float
    """Calcification of the larynx, 0 to 1."""


@dataclass(frozen=True)
class Posture:
    """How a patient stood for one film. Angles in degrees, lengths in cm."""

    lordosis: float
    """Angle between C2 and C7; below 0 for a kyphotic neck."""
    slope: float
    """Slope of T1, which carries the neck."""
    nod: float
    """Head turned up in the joint of head and C1; below 0 for down."""
    twist: float
    """Distance on the film between paired structures of the left and the right side."""
    bite: float
    """Distance between the rows of teeth."""
    shrug: float
    """How far the shoulders are pulled up."""


def draw_patient(rng: np.random.Generator) -> Patient:
    """Draw one patient's anatomy."""
    size = rng.normal(1.0, 0.06)
    age = rng.uniform(0, 1)
    wear = np.clip(rng.normal(age - 0.62, 0.3, 7), 0, 1) * (0.3, 0.4, 0.7, 1, 1, 0.7, 0.3)
    slant = rng.normal(0, 4)
    missing = rng.random(14) < 0.22 * age**2
    widths = np.array([0.40, 0.44, 0.50, 0.54, 0.58, 0.84, 0.80] * 2)
    teeth = np.where(missing, 0, widths * rng.normal(1, 0.05, 14)) * size
    filled = rng.permutation(np.arange(3, 7))[: rng.choice(4, p=(0.4, 0.25, 0.2, 0.15))]
    flesh = float(np.clip(rng.normal(1.0, 0.13), 0.75, 1.35))
    return Patient(
        depth=1.62 * size * rng.normal(1, 0.06),
        height=1.30 * size * rng.normal(1, 0.05),
        disc=0.52 * size * rng.normal(1, 0.08),
        canal=1.70 * size * rng.normal(1, 0.06),
        depths=_jitter(rng, (0.99, 0.97, 1.0, 1.02, 1.06, 1.10, 1.14), 0.02),
        heights=_jitter(rng, (1.36, 1.03, 1.0, 0.98, 0.99, 1.08, 1.22), 0.025),
        wear=tuple(wear.tolist()),
        processes=_jitter(rng, (2.0, 1.35, 1.45, 1.75, 2.45, 3.3, 3.4), 0.09, size),
        droop=tuple(
            (np.array([18, 22, 22, 20, 20, 24, 30]) + slant + rng.normal(0, 3, 7)).tolist()
        ),
        kinks=tuple(rng.normal(0, 1.0, 7).tolist()),
        waist=0.10 * size * rng.uniform(0.5, 1.3),
        dens=1.55 * size * rng.normal(1, 0.07),
        density=rng.normal(1.0, 0.10) - 0.15 * (age - 0.5),
        flesh=flesh,
        nape=5.6 * size * (0.45 + 0.55 * flesh) * rng.normal(1, 0.05),
        throat=5.2 * size * (0.6 + 0.4 * flesh) * rng.normal(1, 0.05),
        jaw=size * rng.normal(1, 0.05),
        jaw_drop=rng.normal(0, 0.35),
        chin=rng.normal(0, 0.3),
        airway=size * rng.normal(1, 0.15),
        shoulders=rng.normal(-0.4, 0.8),
        lower_teeth=tuple(teeth[:7].tolist()),
        upper_teeth=tuple(teeth[7:].tolist()),
        fillings=tuple(int(k) + 7 * int(rng.random() < 0.5) for k in filled),
        cartilage=float(np.clip(rng.normal(age - 0.3, 0.3), 0, 1)),
    )


def draw_posture(rng: np.random.Generator, patient_rng: np.random.Generator) -> Posture:
    """Draw how a patient stood. What the patient keeps from film to film is `patient_rng`'s."""
    usual = patient_rng.choice((20.0, 3.0, -11.0), p=(0.68, 0.2, 0.12)) + patient_rng.normal(0, 6)
    lordosis = float(usual + rng.normal(0, 4))
    return Posture(
        lordosis=lordosis,
        slope=float(np.clip(12 + 0.55 * lordosis + rng.normal(0, 3.5), 0, 36)),
        nod=float(rng.normal(0, 4.5)),
        twist=float(abs(rng.normal(0, 0.12))),
        bite=float(0.05 + abs(rng.normal(0, 0.15))),
        shrug=float(rng.normal(0, 0.4)),
    )


def _jitter(
    rng: np.random.Generator, mean: tuple[float, ...], deviation: float, size: float = 1.0
) -> tuple[float, ...]:
    values = np.array(mean) * rng.normal(1, deviation, len(mean)) * size
    return tuple(values.tolist())
