package io.meltemi.bench.scenario;

import java.nio.file.Path;
import java.util.Optional;

/** Configuration files of nginx and HAProxy, as proxies and as backend. */
final class NativeConfig {
  private NativeConfig() {}

  /** nginx as one process in the foreground. */
  static String nginx(Path directory, String servers) {
    return """
    daemon off;
    master_process off;
    worker_processes 1;
    worker_rlimit_nofile 16384;
    pid %1$s/nginx.pid;
    error_log stderr error;
    events { worker_connections 8192; }
    http {
      access_log off;
      keepalive_requests 1000000000;
      client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/fastcgi;
      uwsgi_temp_path %1$s/uwsgi; scgi_temp_path %1$s/scgi;
      default_type text/plain;
      %2$s
    }
    """
        .formatted(directory, servers);
  }

  /** nginx as a reverse proxy; with TLS towards the caller when there are certificates. */
  static String nginxProxy(
      Path directory, int port, int backendPort, boolean http2, Optional<Certificates> tls) {
    String ssl =
        tls.map(
                c ->
                    "ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.2 TLSv1.3;"
                        .formatted(c.certificate("server"), c.key("server")))
            .orElse("");
    return nginx(
        directory,
        """
        upstream backend { server 127.0.0.1:%d; keepalive 64; keepalive_requests 1000000000; }
        server {
          listen 127.0.0.1:%d%s%s;
          %s
          location / {
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
          }
        }
        """
            .formatted(
                backendPort, port, tls.isPresent() ? " ssl" : "", http2 ? " http2" : "", ssl));
  }

  /** nginx that calls over TLS with the client's certificate. */
  static String nginxTlsClient(Path directory, int port, int peerPort, Certificates certificates) {
    return nginx(
        directory,
        """
        upstream peer { server 127.0.0.1:%1$d; keepalive 64; keepalive_requests 1000000000; }
        server {
          listen 127.0.0.1:%2$d;
          location / {
            proxy_pass https://peer;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_ssl_certificate %3$s;
            proxy_ssl_certificate_key %4$s;
            proxy_ssl_protocols TLSv1.3;
            proxy_ssl_server_name on;
            proxy_ssl_name localhost;
          }
        }
        """
            .formatted(
                peerPort, port, certificates.certificate("client"), certificates.key("client")));
  }

  /** HAProxy with one thread. The file beside the certificate must hold its key too. */
  static String haproxy(
      int port, int backendPort, boolean http2, boolean tcp, Optional<Path> certificate) {
    String bind =
        certificate
                .map(file -> " ssl crt " + file + " alpn " + (http2 ? "h2" : "http/1.1"))
                .orElse("")
            + (http2 && certificate.isEmpty() ? " proto h2" : "");
    return """
    global
      nbthread 1
      maxconn 8192
    defaults
      mode %s
      timeout connect 1s
      timeout client 1m
      timeout server 1m
      %s
    frontend in
      bind 127.0.0.1:%d%s
      default_backend out
    backend out
      server backend 127.0.0.1:%d
    """
        .formatted(tcp ? "tcp" : "http", tcp ? "" : "http-reuse always", port, bind, backendPort);
  }
}
