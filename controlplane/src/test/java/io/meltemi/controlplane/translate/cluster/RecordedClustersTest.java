package io.meltemi.controlplane.translate.cluster;

import static io.meltemi.controlplane.testing.RecordedComparison.field;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.testing.RecordedCase;
import io.meltemi.controlplane.testing.RecordedComparison;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Clusters against those that the reference control plane made of the same configuration. */
class RecordedClustersTest {

  @Test
  void sameClustersAsRecorded() {
    RecordedComparison.run("clusters", RecordedClustersTest::differences);
  }

  private static List<String> differences(RecordedCase recorded, RecordedCase.Proxy proxy) {
    Map<String, Struct> ours = new TreeMap<>();
    for (GeneratedResource resource :
        new PatchedGenerator(new ClusterGenerator())
            .all(proxy.node(), recorded.world(), List.of())) {
      ours.put(resource.name(), RecordedCase.json(resource.body()));
    }
    return RecordedComparison.compare(proxy.recorded("clusters"), ours, parts());
  }

  private static Map<String, Function<Struct, Value>> parts() {
    Map<String, Function<Struct, Value>> parts = new HashMap<>();
    for (String name :
        List.of(
            "type",
            "lbPolicy",
            "connectTimeout",
            "circuitBreakers",
            "outlierDetection",
            "ringHashLbConfig",
            "maglevLbConfig",
            "upstreamConnectionOptions",
            "commonLbConfig",
            "dnsLookupFamily",
            "dnsRefreshRate",
            "upstreamBindConfig",
            "transportSocket",
            "transportSocketMatches")) {
      parts.put(name, cluster -> field(cluster, name));
    }
    parts.put("EDS name", cluster -> field(cluster, "edsClusterConfig", "serviceName"));
    parts.put("HTTP version", RecordedClustersTest::httpVersion);
    parts.put(
        "server name by request",
        cluster ->
            field(
                cluster,
                "typedExtensionProtocolOptions",
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "upstreamHttpProtocolOptions"));
    parts.put(
        "ALPN override",
        cluster -> field(cluster, "metadata", "filterMetadata", "istio", "alpn_override"));
    parts.put("endpoints", cluster -> field(cluster, "loadAssignment", "endpoints"));
    return parts;
  }

  private static Value httpVersion(Struct cluster) {
    Struct options =
        field(
                cluster,
                "typedExtensionProtocolOptions",
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
            .getStructValue();
    String version =
        options.containsFields("useDownstreamProtocolConfig")
            ? "as downstream"
            : field(options, "explicitHttpConfig")
                    .getStructValue()
                    .containsFields("http2ProtocolOptions")
                ? "2"
                : "1";
    return Value.newBuilder().setStringValue(version).build();
  }
}
