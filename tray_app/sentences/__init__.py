"""All that a user reads, a module for each subject, so that it can be read through and kept in one tone.

`python -m tray_app.sentences` prints it. What stands here is plain and short, in the present tense, without blame. A
sentence ends with a full stop and a label with none; `…` stands behind what opens a dialog. The words are those of
docs/ARCHITECTURE.md. The help of the terminal's options stands beside each option.
"""
