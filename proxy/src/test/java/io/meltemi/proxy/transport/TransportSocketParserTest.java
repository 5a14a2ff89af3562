package io.meltemi.proxy.transport;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is not served is refused by name. */
final class TransportSocketParserTest {
  private static final String TLS = "extensions.transport_sockets.tls.v3.";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "UpstreamTlsContext, common_tls_context: {tls_certificate_sds_secret_configs: [{name: d, sds_config: {self: {}}}]} | self for secret d",
        "UpstreamTlsContext, common_tls_context: {validation_context_sds_secret_config: {name: R, sds_config: {api_config_source: {api_type: REST, grpc_services: [{google_grpc: {target_uri: x, stat_prefix: x}}]}}}} | GRPC or DELTA_GRPC",
        "UpstreamTlsContext, common_tls_context: {validation_context_sds_secret_config: {name: R, sds_config: {api_config_source: {api_type: GRPC}}}} | found 0 services",
        "UpstreamTlsContext, common_tls_context: {validation_context_sds_secret_config: {name: R}} | a secret of static_resources.secrets",
        "UpstreamTlsContext, common_tls_context: {key_log: {path: /k}} | key_log",
        "UpstreamTlsContext, allow_renegotiation: true | allow_renegotiation",
        "UpstreamTlsContext, common_tls_context: {tls_params: {cipher_suites: [NULL-SHA]}} | NULL-SHA",
        "UpstreamTlsContext, common_tls_context: {tls_params: {ecdh_curves: [P-1]}} | P-1",
        "UpstreamTlsContext, common_tls_context: {validation_context: {trusted_ca: {filename: /none/ca.pem}}} | /none/ca.pem",
        "UpstreamTlsContext, common_tls_context: {validation_context: {trusted_ca: {environment_variable: CA}}} | environment_variable",
        "DownstreamTlsContext, common_tls_context: {} | a certificate"
      })
  void refusesByName(String context, String named) {
    boolean upstream = context.startsWith("Upstream");
    TransportSocket proto =
        (TransportSocket)
            new BootstrapReader(
                    MessageTypes.byName(
                        List.of(UpstreamTlsContext.class, DownstreamTlsContext.class)))
                .read(
                    TransportSocket.newBuilder(),
                    "{name: tls, typed_config: {'@type': type.googleapis.com/envoy."
                        + TLS
                        + context
                        + "}}",
                    Origin.of("test"))
                .orElseThrow();
    TransportSocketParser parser =
        new TransportSocketParser(new Secrets(), TlsEngine::best, Ticker.system());
    ParseScope scope = ParseScope.root(Origin.of("test"));
    boolean made =
        upstream
            ? parser.upstream(proto, scope).tls().isPresent()
            : parser.downstream(proto, scope).isPresent();
    String errors = scope.out().finish(() -> true).errors().toString();
    assertTrue(!made && errors.contains(named), errors);
  }
}
