package mail

import "crypto/x509"

// Trust makes s accept certificates signed by roots instead of the system's.
func (s *Sender) Trust(roots *x509.CertPool) { s.server.tls.RootCAs = roots }
