# Certificates and kubeconfigs. Elliptic keys from openssl: all of them take less than a second.

cert() { # name subject [san]
	local f=$STATE/pki/$1 san=${3:-DNS:localhost}
	[[ -s $f.crt ]] && return
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$f.key" -subj "$2" 2>/dev/null |
		openssl x509 -req -days 3650 -CA "$STATE/pki/ca.crt" -CAkey "$STATE/pki/ca.key" -CAcreateserial -out "$f.crt" \
			-extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=clientAuth,serverAuth\nkeyUsage=digitalSignature' "$san") 2>/dev/null
}
kubeconfig() { # file certificate-name
	kubectl config --kubeconfig "$1" set-cluster test --server "https://$API:6443" --certificate-authority "$STATE/pki/ca.crt" --embed-certs
	kubectl config --kubeconfig "$1" set-credentials "$2" --client-certificate "$STATE/pki/$2.crt" --client-key "$STATE/pki/$2.key" --embed-certs
	kubectl config --kubeconfig "$1" set-context test --cluster test --user "$2"
	kubectl config --kubeconfig "$1" use-context test
} >/dev/null
pki() {
	mkdir -p "$STATE/pki"
	[[ -s $STATE/pki/ca.crt ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=cluster-ca \
		-keyout "$STATE/pki/ca.key" -out "$STATE/pki/ca.crt" -addext keyUsage=critical,keyCertSign,digitalSignature 2>/dev/null
	local dns=DNS:localhost name
	for name in kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local; do dns+=,DNS:$name; done
	cert apiserver /CN=kube-apiserver "IP:$API,IP:127.0.0.1,IP:$SERVICES.0.1,$dns"
	cert admin /O=system:masters/CN=admin
	cert front-proxy /CN=front-proxy-client
	cert kcm /CN=system:kube-controller-manager
	cert scheduler /CN=system:kube-scheduler
	cert kube-proxy /CN=system:kube-proxy
	[[ -s $STATE/pki/sa.key ]] || openssl ecparam -genkey -name prime256v1 -noout -out "$STATE/pki/sa.key"
	for name in admin kcm scheduler kube-proxy; do [[ -s $STATE/$name.conf ]] || kubeconfig "$STATE/$name.conf" "$name"; done
}
