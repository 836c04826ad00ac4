"""Landmarks of the cervical spine: placed by a teacher or by readers, measured, compared."""
