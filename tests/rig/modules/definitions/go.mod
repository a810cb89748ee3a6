module aphex-ops.example/rig/definitions

go 1.26.0

// Only their YAML is used. Nothing is compiled from them: cert-manager's programs are not in its module, and those of
// external-secrets need modules that only its repository has.
require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/external-secrets/external-secrets v1.3.2
)
