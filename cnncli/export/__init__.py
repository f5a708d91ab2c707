"""From a layer graph to a file that a runtime deploys: a file a format, and the proof that what was written is right.

The heavy work runs in child processes: `worker` builds and converts with TensorFlow, `verification` runs the written
file with the runtime that users deploy. `exporting` is the parent's side and imports neither; `messages` is what they
say to each other.
"""
