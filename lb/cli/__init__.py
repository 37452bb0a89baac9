"""What people type: `lbctl` for operators, and the tools of this house for its developers."""
