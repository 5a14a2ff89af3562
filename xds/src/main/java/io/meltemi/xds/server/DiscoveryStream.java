package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.ControlPlane;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code StreamAggregatedResources}: state of the world. */
final class DiscoveryStream extends Stream<DiscoveryRequest> {
  private final ControlPlane identity;

  DiscoveryStream(
      DiscoveryServer server,
      ServerCallStreamObserver<EncodedResponse> responses,
      String peer,
      ControlPlane identity) {
    super(server, responses, peer);
    this.identity = identity;
  }

  @Override
  IncomingRequest read(DiscoveryRequest message) {
    return new IncomingRequest(
        message.getNode(),
        message.getTypeUrl(),
        message.getResponseNonce(),
        message.hasErrorDetail()
            ? Optional.of(message.getErrorDetail().getMessage())
            : Optional.empty(),
        message.getResourceNamesList(),
        List.of(),
        Map.of());
  }

  @Override
  public boolean delta() {
    return false;
  }

  @Override
  public void transmit(
      TypeUrl type,
      String version,
      String nonce,
      List<EncodedResource> resources,
      List<String> removed) {
    transmit(
        new EncodedResponse(
            resources,
            false,
            DiscoveryResponse.newBuilder()
                .setTypeUrl(type.url())
                .setVersionInfo(version)
                .setNonce(nonce)
                .setControlPlane(identity)
                .build()
                .toByteString()));
  }
}
