/** What one end of a TLS connection presents and trusts, all PEM: own key and certificate, and the peer's authority. */
export interface Identity {
  readonly key: string
  readonly cert: string
  readonly ca: string
}
