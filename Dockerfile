# The two images of the product. scripts/images.sh fills the build context (build/images): node, appliance/ and the
# bundles operator.mjs, target.mjs, restore.mjs, copy.mjs, exec.mjs. What changes most often comes last, so that a code change is one small layer.
ARG BASE_IMAGE=docker.io/library/debian:12-slim

FROM ${BASE_IMAGE} AS libraries
COPY node /rootfs/usr/local/bin/node
RUN set -eu; cd /rootfs; mkdir -p app tmp etc; chmod 1777 tmp; \
    for file in $(ldd usr/local/bin/node | grep -o '/[^ ]*'); do mkdir -p ".${file%/*}"; cp -L "$file" ".$file"; done; \
    printf 'root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/tmp:/sbin/nologin\n' >etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' >etc/group; \
    cp /etc/os-release etc/os-release

# The operator: Node and one file, no shell, no package manager.
FROM scratch AS operator
COPY --from=libraries /rootfs/ /
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/operator.mjs"]
COPY operator.mjs /app/

# The engine: target pods (/app/target.mjs) and restore pods (/app/restore.mjs with QEMU and the guest appliance) and
# pods of copies (/app/copy.mjs, which calls setfacl and setfattr). What kubectl cp and kubectl exec find as tar and ls is /app/exec.mjs.
FROM ${BASE_IMAGE} AS engine
RUN apt-get update && \
    apt-get install -y --no-install-recommends qemu-system-x86 tini util-linux attr acl && \
    rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* && \
    printf 'nonroot:x:65532:65532::/tmp:/sbin/nologin\n' >>/etc/passwd && printf 'nonroot:x:65532:\n' >>/etc/group && \
    ln -s /app/exec.mjs /usr/local/bin/tar && ln -s /app/exec.mjs /usr/local/bin/ls
COPY node /usr/local/bin/node
COPY appliance/ /appliance/
ENV NODE_ENV=production FILE_RECOVERY_APPLIANCE=/appliance
USER 65532:65532
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/node"]
COPY target.mjs restore.mjs copy.mjs exec.mjs /app/
