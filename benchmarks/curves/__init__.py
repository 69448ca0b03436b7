"""What is measured against what grows: each module has SUBJECTS, a list of subclasses of subject.Subject."""
