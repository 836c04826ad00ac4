"""Names of a patient, planted into every element of a DICOM file that can hold a text."""

from __future__ import annotations

import pydicom.config
from pydicom import Dataset
from pydicom.dataset import PrivateBlock

# What a code must not hold is written into codes.
pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE

PLANTED = (
    "Zwingenbergerova",
    "Quasthoffnia",
    "Xylandersen",
    "Vydrzalkova",
    "Wuerzelbachia",
    "Yggdrasilson",
    "Krzeszowiczka",
    "19610724",
    "104355.25",
    "1.2.826.0.1.7411",
)
"""Family names that nothing else holds, a date of birth, a time, and the root of the UIDs."""
NAME, BORN, TIME, ROOT = PLANTED[6], PLANTED[7], PLANTED[8], PLANTED[9]

_TEXTS = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    *("ReferringPhysicianName", "OperatorsName", "PerformingPhysicianName", "RequestingPhysician"),
    *("InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "StationName"),
    *("StudyDescription", "SeriesDescription", "ProtocolName", "ImageComments", "PatientComments"),
    *("AccessionNumber", "StudyID", "OtherPatientIDs", "MilitaryRank", "EthnicGroup", "Occupation"),
    *(
        "AdditionalPatientHistory",
        "PatientAddress",
        "PatientTelephoneNumbers",
        "DeviceSerialNumber",
    ),
    *("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "DerivationDescription"),
    *("WindowCenterWidthExplanation", "RescaleType", "AcquisitionDeviceProcessingDescription"),
    *("TextValue", "UniversalEntityID", "ContentLabel", "ContentDescription"),
)
_CODES = (
    *("BodyPartExamined", "ViewPosition", "ImageLaterality", "Laterality", "PatientSex"),
    *("ConversionType", "PatientOrientation", "ScanningSequence"),
)


def plant(dataset: Dataset, film: int) -> None:
    """Put names into the data set of a film: PN, LO, SH, LT, ST, UT, UC, CS, UI, DA, DT, TM."""
    for keyword in _TEXTS:
        setattr(dataset, keyword, f"{NAME}^{film}")
    for keyword in _CODES:
        dataset.add_new(keyword, "CS", NAME.upper()[:16])
    dataset.PatientID = f"{NAME}{film // 2}"
    dataset.IssuerOfPatientID = NAME
    for keyword in ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate"):
        setattr(dataset, keyword, BORN)
    for keyword in ("StudyTime", "SeriesTime", "PatientBirthTime"):
        setattr(dataset, keyword, TIME)
    dataset.AcquisitionDateTime = f"{BORN}{TIME}"
    dataset.SOPInstanceUID = f"{ROOT}.{film + 1}"
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = f"{ROOT}.9.{film + 1}"
    dataset.FrameOfReferenceUID = f"{ROOT}.8"
    inner = Dataset()
    inner.PatientName, inner.CodeMeaning, inner.CodeValue = NAME, NAME, NAME[:12]
    inner.ReferencedSOPInstanceUID = f"{ROOT}.7"
    for keyword in ("RequestAttributesSequence", "AnatomicRegionSequence", "ViewCodeSequence"):
        setattr(dataset, keyword, [inner])
    block: PrivateBlock = dataset.private_block(0x0009, f"{NAME} 1.0", create=True)
    for element, vr in enumerate(("PN", "LO", "SH", "LT", "ST", "UT", "UC", "UI", "UN"), start=1):
        text = f"{ROOT}.6" if vr == "UI" else NAME
        block.add_new(element, vr, text.encode() if vr == "UN" else text)
