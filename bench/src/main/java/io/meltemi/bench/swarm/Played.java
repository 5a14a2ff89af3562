package io.meltemi.bench.swarm;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.xds.resource.ClientFeature;

/** Which proxy simulated sidecars say that they are. */
public enum Played {
  /** Waits for the endpoints of each cluster that it is sent. */
  ENVOY("Envoy", "envoy", false),
  /** Goes on with the endpoints that it has. */
  MELTEMI("our proxy", "meltemi", true);

  private final String title;
  private final String userAgent;
  private final boolean keepsEndpoints;

  Played(String title, String userAgent, boolean keepsEndpoints) {
    this.title = title;
    this.userAgent = userAgent;
    this.keepsEndpoints = keepsEndpoints;
  }

  /** As tables name it. */
  public String title() {
    return title;
  }

  /** What the agent of an Istio sidecar says of its proxy. */
  Node node(MeshFiles.Workload workload) {
    Node.Builder node = Swarm.node(workload).toBuilder().setUserAgentName(userAgent);
    if (keepsEndpoints) {
      node.addClientFeatures(ClientFeature.KEEPS_ENDPOINTS.text());
    }
    return node.build();
  }

  /** The same as JSON, with {@code {ip} {pod} {ns} {app} {version}} for what differs. */
  public String template() throws InvalidProtocolBufferException {
    return JsonFormat.printer()
        .print(node(new MeshFiles.Workload("{ip}", "{pod}", "{ns}", "{app}", "{version}")));
  }
}
