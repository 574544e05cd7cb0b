/** TCP ports of the pods. The NetworkPolicies of a session name them and no others. */
export const ISCSI_PORT = 3260
export const HTTPS_PORT = 8443
export const SFTP_PORT = 2022
export const CONTROL_PORT = 9443
