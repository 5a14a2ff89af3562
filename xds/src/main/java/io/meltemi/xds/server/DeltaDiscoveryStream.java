package io.meltemi.xds.server;

import io.envoyproxy.envoy.config.core.v3.ControlPlane;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.meltemi.xds.resource.EncodedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.List;
import java.util.Optional;

/** {@code DeltaAggregatedResources}. */
final class DeltaDiscoveryStream extends Stream<DeltaDiscoveryRequest> {
  private final ControlPlane identity;

  DeltaDiscoveryStream(
      DiscoveryServer server,
      ServerCallStreamObserver<EncodedResponse> responses,
      String peer,
      ControlPlane identity) {
    super(server, responses, peer);
    this.identity = identity;
  }

  @Override
  IncomingRequest read(DeltaDiscoveryRequest message) {
    return new IncomingRequest(
        message.getNode(),
        message.getTypeUrl(),
        message.getResponseNonce(),
        message.hasErrorDetail()
            ? Optional.of(message.getErrorDetail().getMessage())
            : Optional.empty(),
        message.getResourceNamesSubscribeList(),
        message.getResourceNamesUnsubscribeList(),
        message.getInitialResourceVersionsMap());
  }

  @Override
  public boolean delta() {
    return true;
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
            true,
            DeltaDiscoveryResponse.newBuilder()
                .setTypeUrl(type.url())
                .setSystemVersionInfo(version)
                .setNonce(nonce)
                .setControlPlane(identity)
                .addAllRemovedResources(removed)
                .build()
                .toByteString()));
  }
}
