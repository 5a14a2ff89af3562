package io.meltemi.xds.client;

import com.google.rpc.Code;
import com.google.rpc.Status;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.meltemi.xds.resource.TypeUrl;

/** The delta variant: changes of subscriptions up, changes of resources down. */
final class DeltaClientStream implements ClientStream {
  private final Call<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call;
  private final Node node;
  private boolean nodeSent;

  DeltaClientStream(DiscoveryService.Endpoint endpoint, Node node, Events events) {
    this.node = node;
    call = new Call<>(events, m -> ResponseReader.read(TypeUrl.of(m.getTypeUrl()), m));
    endpoint.openDelta(call);
  }

  @Override
  public void request(WatchedType watched) {
    DeltaDiscoveryRequest.Builder request = request(watched.type);
    if (watched.requested) {
      request.addAllResourceNamesSubscribe(watched.added);
      request.addAllResourceNamesUnsubscribe(watched.removed);
    } else {
      // A first request without names is the wildcard; with names it has to be spelled out.
      if (watched.wildcard && !watched.names.isEmpty()) {
        request.addResourceNamesSubscribe(WatchedType.WILDCARD);
      }
      request.addAllResourceNamesSubscribe(watched.names);
      request.putAllInitialResourceVersions(watched.accepted);
    }
    call.send(request.build());
  }

  @Override
  public void answer(WatchedType watched, String nonce, String error) {
    DeltaDiscoveryRequest.Builder request = request(watched.type).setResponseNonce(nonce);
    if (!error.isEmpty()) {
      request.setErrorDetail(
          Status.newBuilder().setCode(Code.INVALID_ARGUMENT_VALUE).setMessage(error));
    }
    call.send(request.build());
  }

  private DeltaDiscoveryRequest.Builder request(TypeUrl type) {
    DeltaDiscoveryRequest.Builder request =
        DeltaDiscoveryRequest.newBuilder().setTypeUrl(type.url());
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
