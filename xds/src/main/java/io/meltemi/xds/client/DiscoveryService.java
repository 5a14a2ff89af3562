package io.meltemi.xds.client;

import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.extension.v3.ExtensionConfigDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.secret.v3.SecretDiscoveryServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;

/** The gRPC service that a client talks to; the messages are the same for all. */
public enum DiscoveryService {
  /** Every type on one stream. */
  AGGREGATED,
  /** Secrets only, such as those of an agent. */
  SECRETS,
  /** Configurations of extensions only. */
  EXTENSION_CONFIGS;

  private MethodDescriptor<DeltaDiscoveryRequest, DeltaDiscoveryResponse> delta() {
    return switch (this) {
      case AGGREGATED -> AggregatedDiscoveryServiceGrpc.getDeltaAggregatedResourcesMethod();
      case SECRETS -> SecretDiscoveryServiceGrpc.getDeltaSecretsMethod();
      case EXTENSION_CONFIGS ->
          ExtensionConfigDiscoveryServiceGrpc.getDeltaExtensionConfigsMethod();
    };
  }

  private MethodDescriptor<DiscoveryRequest, DiscoveryResponse> state() {
    return switch (this) {
      case AGGREGATED -> AggregatedDiscoveryServiceGrpc.getStreamAggregatedResourcesMethod();
      case SECRETS -> SecretDiscoveryServiceGrpc.getStreamSecretsMethod();
      case EXTENSION_CONFIGS ->
          ExtensionConfigDiscoveryServiceGrpc.getStreamExtensionConfigsMethod();
    };
  }

  /** A service on a channel, with a bound for what it may send. */
  record Endpoint(DiscoveryService service, Channel channel, int responseBytesMax) {
    private CallOptions options() {
      return CallOptions.DEFAULT.withMaxInboundMessageSize(responseBytesMax);
    }

    void openDelta(StreamObserver<DeltaDiscoveryResponse> responses) {
      ClientCalls.asyncBidiStreamingCall(channel.newCall(service.delta(), options()), responses);
    }

    void openState(StreamObserver<DiscoveryResponse> responses) {
      ClientCalls.asyncBidiStreamingCall(channel.newCall(service.state(), options()), responses);
    }
  }
}
