"""Who works on a release: invitations, and what each person has done in each task."""
