"""Terms of DICOM that a code may be: what is not one of them is free text, and may be a name.

Defined terms of PS3.3 C.7.3.1.1.1 (modality), C.8.1.1.1.1 and C.8.11.3 (view), and PS3.16 annex L
(body part).
"""

from __future__ import annotations

MODALITIES = frozenset(
    """
    AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO
    IOL IVOCT IVUS KER KO LEN LS M3D MG MR NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA
    PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT
    RWV SC SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC
    """.split()  # noqa: SIM905 - a list of words is read as one
)
BODY_PARTS = frozenset(
    """
    ABDOMEN ABDOMENPELVIS ACJOINT ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS
    BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS
    CLAVICLE COCCYX COLON CORNEA CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID
    FACE FEMUR FIBULA FINGER FOOT FOREARM GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS IAC ILEUM
    ILIUM JAW JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE LUNG MAXILLA MEDIASTINUM MOUTH
    NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE ORBIT OVARY PANCREAS PAROTID PATELLA
    PELVIS PENIS PHARYNX PROSTATE RADIUS RADIUSULNA RECTUM RIB SCALP SCAPULA SCLERA SCROTUM SHOULDER
    SIJOINT SKULL SPINE SPLEEN SSPINE STERNUM STOMACH SUBMANDIBULAR TESTIS THIGH THUMB THYMUS
    THYROID TIBIA TIBIAFIBULA TLSPINE TMJ TOE TONGUE TRACHEA TSPINE ULNA URETER URETHRA UTERUS
    VAGINA VULVA WHOLEBODY WRIST ZYGOMA
    """.split()  # noqa: SIM905
)
VIEWS = frozenset(
    """
    AP PA LL RL RLD LLD RLO LLO LAT LATERAL OBLIQUE CC MLO ML LM LMO XCCL XCCM FB SIO ISO CV AT
    """.split()  # noqa: SIM905
)
LATERALITIES = frozenset("RLUB")
SEXES = frozenset("FMO")

NOT_FILMS = {
    "1.2.840.10008.1.3.10": "a DICOMDIR, an index of other files",
    "1.2.840.10008.5.1.4.1.1.9.": "an ECG or another curve",
    "1.2.840.10008.5.1.4.1.1.11.": "a presentation state",
    "1.2.840.10008.5.1.4.1.1.66": "a segmentation, a registration or other raw data",
    "1.2.840.10008.5.1.4.1.1.67": "a map of real-world values",
    "1.2.840.10008.5.1.4.1.1.88.": "a structured report",
    "1.2.840.10008.5.1.4.1.1.104.": "a document",
    "1.2.840.10008.5.1.4.1.1.481.": "an object of radiotherapy",
    "1.2.840.10008.5.1.4.34.": "an object of a treatment or a procedure",
}
"""Start of the SOP Class UIDs of what is not a film → what it is."""
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."
"""Start of the SOP Class UIDs of secondary captures, each with a point behind it."""
CAPTURED = frozenset({"SC", "OT"})
"""Modalities of pictures of screens, which may show whatever the screen did."""
LOSSY = {
    "1.2.840.10008.1.2.4.50": True,
    "1.2.840.10008.1.2.4.51": True,
    "1.2.840.10008.1.2.4.81": True,
    "1.2.840.10008.1.2.4.91": None,
    "1.2.840.10008.1.2.4.203": None,
}
"""Transfer syntaxes that may lose something → whether they always do."""
