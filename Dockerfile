# The image for people with a builder: `docker build -t aphex-ops .`. Without one: scripts/image.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
# Static, and with packed relocations, as scripts/setup.sh builds it; without folding, as not every platform links with lld.
RUN RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
     cargo build --locked --release --package aphex-ops \
    && cp "target/$(rustc -vV | sed -n 's/^host: //p')/release/aphex-ops" /aphex-ops \
    && printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n' >/passwd \
    && printf 'root:x:0:\nnonroot:x:65532:\n' >/group

FROM scratch
COPY --from=build /aphex-ops /aphex-ops
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /passwd /group /etc/
ENV PATH=/
USER 65532:65532
ENTRYPOINT ["/aphex-ops"]
