"""From a layer graph to a file that a runtime deploys: one writer per artefact, and the proof that the file is right.

The heavy work runs in child processes (`process`): `worker` builds and converts with TensorFlow, `verification` runs
the written file with the runtime that users deploy. `exporting` is the parent's side and imports neither.
"""
