package io.meltemi.proxy.http.filter.peermetadata;

import com.google.protobuf.Any;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.TypedStructs;
import io.meltemi.proxy.transport.PeerMetadata;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Parses how peers' metadata is told and taken. By headers only. */
public final class PeerMetadataFilterFactory implements HttpFilterFactory {
  private static final String HEADERS = "istio_headers";

  private final PeerMetadata own;
  private final ClusterManager clusters;

  public PeerMetadataFilterFactory(PeerMetadata own, ClusterManager clusters) {
    this.own = own;
    this.clusters = clusters;
  }

  @Override
  public String name() {
    return "istio.metadata_exchange";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/io.istio.http.peer_metadata.Config");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return TypedStructs.fields(config, scope).map(fields -> parse(fields, scope.field("value")));
  }

  private HttpFilterConfig parse(Map<String, Object> fields, ParseScope scope) {
    boolean fromClient = false;
    boolean fromServer = false;
    boolean toClient = false;
    Told toServer = Told.NOT;
    for (Map.Entry<String, Object> field : fields.entrySet()) {
      ParseScope at = scope.field(field.getKey());
      switch (field.getKey()) {
        case "downstream_discovery" -> fromClient = method(field.getValue(), at) != Told.NOT;
        case "upstream_discovery" -> fromServer = method(field.getValue(), at) != Told.NOT;
        case "downstream_propagation" -> toClient = method(field.getValue(), at) != Told.NOT;
        case "upstream_propagation" -> toServer = method(field.getValue(), at);
        case "shared_with_upstream", "additional_labels" ->
            at.warn("set", "nothing: metadata is passed on and taken away, and not kept");
        default -> at.unsupported("set");
      }
    }
    PeerMetadataFilter.Directions directions =
        new PeerMetadataFilter.Directions(
            fromClient, fromServer, toClient, toServer != Told.NOT, toServer == Told.IN_THE_MESH);
    return context -> new PeerMetadataFilter(context, directions, own, clusters);
  }

  private enum Told {
    NOT,
    ALWAYS,
    IN_THE_MESH
  }

  /** Whether headers are among the methods; others know of peers without them. */
  private static Told method(Object methods, ParseScope scope) {
    Told told = Told.NOT;
    if (!(methods instanceof List<?> list)) {
      scope.error("no list", "a list of methods");
      return told;
    }
    for (int i = 0; i < list.size(); i++) {
      if (!(list.get(i) instanceof Map<?, ?> method)) {
        scope.error("no object", "a list of methods");
        continue;
      }
      for (Map.Entry<?, ?> entry : method.entrySet()) {
        if (entry.getKey().equals(HEADERS)) {
          boolean skips =
              entry.getValue() instanceof Map<?, ?> settings
                  && Boolean.TRUE.equals(settings.get("skip_external_clusters"));
          told = skips ? Told.IN_THE_MESH : Told.ALWAYS;
        } else if (entry.getKey().equals("workload_discovery")) {
          scope.warn(HEADERS, "nothing: peers are known by headers only");
        } else {
          scope.unsupported(String.valueOf(entry.getKey()));
        }
      }
    }
    return told;
  }
}
