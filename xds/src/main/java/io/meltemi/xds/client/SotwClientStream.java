package io.meltemi.xds.client;

import com.google.rpc.Code;
import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.meltemi.xds.resource.TypeUrl;

/** State of the world: whole subscriptions up, whole states down. */
final class SotwClientStream implements ClientStream {
  private final Call<DiscoveryRequest, DiscoveryResponse> call;
  private final Node node;
  private boolean nodeSent;

  SotwClientStream(DiscoveryService.Endpoint endpoint, Node node, Events events) {
    this.node = node;
    call = new Call<>(events, m -> ResponseReader.read(TypeUrl.of(m.getTypeUrl()), m));
    endpoint.openState(call);
  }

  @Override
  public void request(WatchedType watched) {
    call.send(build(watched).build());
  }

  @Override
  public void answer(WatchedType watched, String nonce, String error) {
    DiscoveryRequest.Builder request = build(watched).setResponseNonce(nonce);
    if (!error.isEmpty()) {
      request.setErrorDetail(
          Status.newBuilder().setCode(Code.INVALID_ARGUMENT_VALUE).setMessage(error));
    }
    // The answer carries the names wanted now, so no request is needed after it.
    watched.requestSent();
    call.send(request.build());
  }

  private DiscoveryRequest.Builder build(WatchedType watched) {
    DiscoveryRequest.Builder request =
        DiscoveryRequest.newBuilder()
            .setTypeUrl(watched.type.url())
            .setVersionInfo(watched.version)
            .setResponseNonce(watched.nonce);
    if (watched.wildcard && !watched.names.isEmpty()) {
      request.addResourceNames(WatchedType.WILDCARD);
    }
    request.addAllResourceNames(watched.names);
    if (!nodeSent) {
      nodeSent = true;
      request.setNode(node);
    }
    return request;
  }

  @Override
  public void next() {
    call.next();
  }

  @Override
  public boolean isReady() {
    return call.isReady();
  }

  @Override
  public void cancel() {
    call.cancel();
  }
}
