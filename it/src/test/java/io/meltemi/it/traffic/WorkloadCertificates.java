package io.meltemi.it.traffic;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.secret.v3.SecretDiscoveryServiceGrpc.SecretDiscoveryServiceImplBase;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.meltemi.testing.TestPki;
import io.meltemi.testing.TestPki.Issued;
import io.meltemi.testing.TestPki.Leaf;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The agents of a world's pods in one: serves each proxy the certificate of its service account and
 * the roots of the mesh, by SDS under Istio's names.
 */
final class WorkloadCertificates extends SecretDiscoveryServiceImplBase implements AutoCloseable {
  private static final String ROOTS = "ROOTCA";

  private final String trustDomain;
  private final Issued root = TestPki.root("mesh");

  /** By {@code name.namespace}, as node ids have it. */
  private final Map<String, Issued> certificates = new ConcurrentHashMap<>();

  private final Server server;

  WorkloadCertificates(String trustDomain) throws IOException {
    this.trustDomain = trustDomain;
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(this)
            .build()
            .start();
  }

  int port() {
    return server.getPort();
  }

  /** The certificate of a pod, made before its proxy asks for it. */
  Issued of(Topology.Pod pod) {
    String identity =
        "spiffe://%s/ns/%s/sa/%s".formatted(trustDomain, pod.namespace(), pod.serviceAccount());
    return certificates.computeIfAbsent(
        pod.name() + "." + pod.namespace(),
        _ -> root.leaf(Leaf.named(pod.serviceAccount()).uri(identity)));
  }

  Issued root() {
    return root;
  }

  @Override
  public StreamObserver<DiscoveryRequest> streamSecrets(StreamObserver<DiscoveryResponse> answers) {
    return new Answering(answers);
  }

  private static DataSource text(String value) {
    return DataSource.newBuilder().setInlineString(value).build();
  }

  private final class Answering implements StreamObserver<DiscoveryRequest> {
    private final StreamObserver<DiscoveryResponse> answers;
    private String pod = "";
    private List<String> answered = List.of();
    private int number;

    Answering(StreamObserver<DiscoveryResponse> answers) {
      this.answers = answers;
    }

    @Override
    public void onNext(DiscoveryRequest request) {
      String[] id = request.getNode().getId().split("~", -1);
      if (id.length > 2) {
        pod = id[2];
      }
      List<String> names = List.copyOf(request.getResourceNamesList());
      if (names.equals(answered)) {
        return;
      }
      answered = names;
      DiscoveryResponse.Builder response =
          DiscoveryResponse.newBuilder()
              .setTypeUrl(request.getTypeUrl())
              .setVersionInfo("1")
              .setNonce(Integer.toString(++number));
      names.forEach(name -> response.addResources(Any.pack(secret(name))));
      answers.onNext(response.build());
    }

    private Secret secret(String name) {
      Secret.Builder secret = Secret.newBuilder().setName(name);
      if (name.equals(ROOTS)) {
        return secret
            .setValidationContext(
                CertificateValidationContext.newBuilder().setTrustedCa(text(root.certificate())))
            .build();
      }
      Issued own = certificates.get(pod);
      if (!name.equals("default") || own == null) {
        throw new IllegalStateException("no secret " + name + " for " + pod);
      }
      return secret
          .setTlsCertificate(
              TlsCertificate.newBuilder()
                  .setCertificateChain(text(own.chain()))
                  .setPrivateKey(text(own.key())))
          .build();
    }

    @Override
    public void onError(Throwable cause) {
      // the proxy went away
    }

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
