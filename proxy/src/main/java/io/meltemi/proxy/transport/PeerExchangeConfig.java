package io.meltemi.proxy.transport;

import com.google.protobuf.Any;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.TypedStructs;
import java.util.Map;
import java.util.Optional;

/**
 * The configuration of {@code istio.metadata_exchange} for connections.
 *
 * @param protocol of ALPN that means that metadata is exchanged
 */
public record PeerExchangeConfig(String protocol) {
  public static final String TYPE_URL =
      "type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange";

  /** Reads it out of a struct; empty, with an error here, when it is bad. */
  public static Optional<PeerExchangeConfig> parse(Any config, ParseScope scope) {
    return TypedStructs.fields(config, scope).flatMap(fields -> parse(fields, scope));
  }

  private static Optional<PeerExchangeConfig> parse(Map<String, Object> fields, ParseScope parent) {
    ParseScope scope = parent.field("value");
    for (String field : fields.keySet()) {
      switch (field) {
        case "protocol" -> {}
        case "enable_discovery", "enableDiscovery" ->
            scope.field(field).warn("set", "nothing: peers are known by what they send");
        default -> scope.field(field).unsupported("set");
      }
    }
    if (fields.get("protocol") instanceof String protocol && !protocol.isEmpty()) {
      return Optional.of(new PeerExchangeConfig(protocol));
    }
    scope.field("protocol").error("nothing", "a protocol of ALPN");
    return Optional.empty();
  }
}
