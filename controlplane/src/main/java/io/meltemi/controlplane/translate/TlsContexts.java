package io.meltemi.controlplane.translate;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.config.core.v3.TransportSocket;
import io.envoyproxy.envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsParameters;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.traffic.ClientTls;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.ProxyNode;
import java.util.Collection;
import java.util.List;

/**
 * TLS as Envoy's transport sockets: between workloads, at gateways, and to servers outside.
 *
 * <p>Differs from Istio: a proxy without an agent reads certificate files itself; one with an agent
 * asks it for them, so that a changed file is noticed.
 */
public final class TlsContexts {
  private static final String NAME = "envoy.transport_sockets.tls";

  /** In bytes, by the rules of Envoy's API. */
  private static final int SERVER_NAME_MAX = 255;

  private static final String SYSTEM_ROOTS = "system";

  /** Where most distributions keep the roots of their system. */
  private static final String SYSTEM_ROOTS_FILE = "/etc/ssl/certs/ca-certificates.crt";

  /** Istio's choice for mutual TLS below 1.3. */
  private static final List<String> MUTUAL_CIPHERS =
      List.of(
          "ECDHE-ECDSA-AES256-GCM-SHA384",
          "ECDHE-RSA-AES256-GCM-SHA384",
          "ECDHE-ECDSA-AES128-GCM-SHA256",
          "ECDHE-RSA-AES128-GCM-SHA256",
          "AES256-GCM-SHA384",
          "AES128-GCM-SHA256");

  /** What servers of HTTP offer. */
  public static final List<String> ALPN_HTTP = List.of("h2", "http/1.1");

  /** What servers of byte streams between workloads offer. */
  public static final List<String> ALPN_TCP = List.of("istio-peer-exchange", "h2", "http/1.1");

  private static final List<String> ALPN_CLIENT = List.of("istio-peer-exchange", "istio");
  private static final List<String> ALPN_CLIENT_HTTP2 =
      List.of("istio-peer-exchange", "istio", "h2");
  private static final List<String> ALPN_HTTP2_ONLY = List.of("h2");

  /** No TLS. */
  public static final TransportSocket PLAIN =
      TransportSocket.newBuilder()
          .setName("envoy.transport_sockets.raw_buffer")
          .setTypedConfig(Any.pack(RawBuffer.getDefaultInstance()))
          .build();

  private TlsContexts() {}

  // ---- servers

  /**
   * Mutual TLS as a sidecar ends it: clients of the mesh's trust domains.
   *
   * @param alpn what is offered
   */
  public static TransportSocket inbound(MeshConfig mesh, List<String> alpn) {
    MeshConfig.TlsLimits limits = mesh.tls().mutual();
    CertificateValidationContext.Builder clients = CertificateValidationContext.newBuilder();
    addTrustDomain(clients, mesh.identity().trustDomain());
    mesh.identity().trustDomainAliases().forEach(alias -> addTrustDomain(clients, alias));
    return server(
        DownstreamTlsContext.newBuilder()
            .setCommonTlsContext(
                CommonTlsContext.newBuilder()
                    .setTlsParams(
                        TlsParameters.newBuilder()
                            .setTlsMinimumProtocolVersion(
                                limits.minProtocolVersion() == ServerTls.ProtocolVersion.TLSV1_3
                                    ? TlsParameters.TlsProtocol.TLSv1_3
                                    : TlsParameters.TlsProtocol.TLSv1_2)
                            .setTlsMaximumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_3)
                            .addAllCipherSuites(
                                limits.cipherSuites().isEmpty()
                                    ? MUTUAL_CIPHERS
                                    : limits.cipherSuites()))
                    .addTlsCertificateSdsSecretConfigs(Secrets.WORKLOAD)
                    .setCombinedValidationContext(combined(clients, Secrets.ROOTS))
                    .addAllAlpnProtocols(alpn))
            .setRequireClientCertificate(ProtoValues.TRUE)
            .build());
  }

  @SuppressWarnings("deprecation") // the same field as Istio, for equal output
  private static void addTrustDomain(
      CertificateValidationContext.Builder clients, String trustDomain) {
    clients.addMatchSubjectAltNames(
        StringMatcher.newBuilder().setPrefix("spiffe://" + trustDomain + '/'));
  }

  /** Tunnels (HBONE) as a waypoint ends them: from clients of the mesh's trust domains. */
  public static TransportSocket tunnelServer(MeshConfig mesh) {
    return server(
        DownstreamTlsContext.newBuilder()
            .setCommonTlsContext(tunnel(mesh))
            .setRequireClientCertificate(ProtoValues.TRUE)
            .build());
  }

  /**
   * TLS as a gateway ends it.
   *
   * @param tls of a mode that ends TLS
   * @param alpn what is offered
   */
  public static TransportSocket gateway(
      ServerTls tls, ProxyNode node, MeshConfig mesh, List<String> alpn) {
    CommonTlsContext.Builder common = CommonTlsContext.newBuilder().addAllAlpnProtocols(alpn);
    if (tls.mode() == ServerTls.Mode.ISTIO_MUTUAL) {
      common
          .addTlsCertificateSdsSecretConfigs(Secrets.WORKLOAD)
          .setCombinedValidationContext(combined(clients(tls), Secrets.ROOTS));
    } else {
      addCertificates(common, tls.credentials(), node);
      if (tls.mode() != ServerTls.Mode.SIMPLE) {
        addClientRoots(common, tls, node);
      }
      TlsParameters.Builder parameters = parameters(mesh.tls().defaults());
      apply(parameters, tls);
      if (!parameters.build().equals(TlsParameters.getDefaultInstance())) {
        common.setTlsParams(parameters);
      }
    }
    boolean required =
        tls.mode() == ServerTls.Mode.MUTUAL || tls.mode() == ServerTls.Mode.ISTIO_MUTUAL;
    return server(
        DownstreamTlsContext.newBuilder()
            .setCommonTlsContext(common)
            .setRequireClientCertificate(required ? ProtoValues.TRUE : ProtoValues.FALSE)
            .build());
  }

  private static void addCertificates(
      CommonTlsContext.Builder common, ServerTls.Credentials credentials, ProxyNode node) {
    if (!credentials.credentialName().isEmpty()) {
      common.addTlsCertificateSdsSecretConfigs(Secrets.credential(credentials.credentialName()));
    } else if (!credentials.credentialNames().isEmpty()) {
      credentials
          .credentialNames()
          .forEach(name -> common.addTlsCertificateSdsSecretConfigs(Secrets.credential(name)));
    } else if (!credentials.certificates().isEmpty()) {
      credentials.certificates().forEach(files -> addFiles(common, files, node));
    } else {
      addFiles(common, credentials.files(), node);
    }
  }

  private static void addFiles(
      CommonTlsContext.Builder common, ServerTls.Files files, ProxyNode node) {
    addFiles(common, files.serverCertificate(), files.privateKey(), node);
  }

  private static void addFiles(
      CommonTlsContext.Builder common, String certificate, String privateKey, ProxyNode node) {
    if (node.hasCertificates()) {
      common.addTlsCertificateSdsSecretConfigs(Secrets.certificateFiles(certificate, privateKey));
    } else {
      common.addTlsCertificates(
          TlsCertificate.newBuilder()
              .setCertificateChain(file(certificate))
              .setPrivateKey(file(privateKey)));
    }
  }

  private static void addClientRoots(
      CommonTlsContext.Builder common, ServerTls tls, ProxyNode node) {
    ServerTls.Credentials credentials = tls.credentials();
    CertificateValidationContext.Builder clients = clients(tls);
    if (!credentials.caCrl().isEmpty()) {
      clients.setCrl(file(credentials.caCrl()));
    }
    String credential =
        !credentials.caCertCredentialName().isEmpty()
            ? credentials.caCertCredentialName()
            : !credentials.credentialName().isEmpty()
                ? credentials.credentialName()
                : credentials.credentialNames().isEmpty()
                    ? ""
                    : credentials.credentialNames().getFirst();
    if (!credential.isEmpty()) {
      common.setCombinedValidationContext(
          combined(
              clients,
              credentials.caCertCredentialName().isEmpty()
                  ? Secrets.credentialRoots(credential)
                  : Secrets.credential(credential)));
    } else {
      addRootsFile(common, clients, clientRoots(credentials), node);
    }
  }

  private static String clientRoots(ServerTls.Credentials credentials) {
    return !credentials.files().caCertificates().isEmpty() || credentials.certificates().isEmpty()
        ? credentials.files().caCertificates()
        : credentials.certificates().getFirst().caCertificates();
  }

  private static CertificateValidationContext.Builder clients(ServerTls tls) {
    CertificateValidationContext.Builder clients = CertificateValidationContext.newBuilder();
    addNames(clients, tls.peer().subjectAltNames());
    clients
        .addAllVerifyCertificateSpki(tls.peer().verifyCertificateSpki())
        .addAllVerifyCertificateHash(tls.peer().verifyCertificateHash());
    if (tls.peer().insecureSkipVerify().orElse(false)) {
      clients.setTrustChainVerification(
          CertificateValidationContext.TrustChainVerification.ACCEPT_UNTRUSTED);
    }
    return clients;
  }

  private static TlsParameters.Builder parameters(MeshConfig.TlsLimits limits) {
    return TlsParameters.newBuilder()
        .setTlsMinimumProtocolVersion(version(limits.minProtocolVersion()))
        .addAllCipherSuites(limits.cipherSuites())
        .addAllEcdhCurves(limits.ecdhCurves());
  }

  private static void apply(TlsParameters.Builder parameters, ServerTls tls) {
    if (tls.minProtocolVersion() != ServerTls.ProtocolVersion.TLS_AUTO) {
      parameters.setTlsMinimumProtocolVersion(version(tls.minProtocolVersion()));
    }
    if (tls.maxProtocolVersion() != ServerTls.ProtocolVersion.TLS_AUTO) {
      parameters.setTlsMaximumProtocolVersion(version(tls.maxProtocolVersion()));
    }
    if (!tls.cipherSuites().isEmpty()) {
      parameters.clearCipherSuites().addAllCipherSuites(tls.cipherSuites());
    }
    if (!tls.ecdhCurves().isEmpty()) {
      parameters.clearEcdhCurves().addAllEcdhCurves(tls.ecdhCurves());
    }
  }

  private static TlsParameters.TlsProtocol version(ServerTls.ProtocolVersion version) {
    return switch (version) {
      case TLS_AUTO -> TlsParameters.TlsProtocol.TLS_AUTO;
      case TLSV1_0 -> TlsParameters.TlsProtocol.TLSv1_0;
      case TLSV1_1 -> TlsParameters.TlsProtocol.TLSv1_1;
      case TLSV1_2 -> TlsParameters.TlsProtocol.TLSv1_2;
      case TLSV1_3 -> TlsParameters.TlsProtocol.TLSv1_3;
    };
  }

  private static TransportSocket server(DownstreamTlsContext context) {
    return TransportSocket.newBuilder().setName(NAME).setTypedConfig(Any.pack(context)).build();
  }

  // ---- clients

  /**
   * Mutual TLS to workloads of the mesh.
   *
   * @param identities that the server may show; empty: any of the mesh
   * @param serverName by which the server tells what is asked for; left out when it is longer than
   *     a proxy takes, which would refuse every cluster beside it
   */
  public static TransportSocket mutual(
      Collection<String> identities, String serverName, boolean http2) {
    CertificateValidationContext.Builder servers = CertificateValidationContext.newBuilder();
    addNames(servers, identities);
    return client(
        UpstreamTlsContext.newBuilder()
            .setCommonTlsContext(
                CommonTlsContext.newBuilder()
                    .setTlsParams(clientVersions())
                    .addTlsCertificateSdsSecretConfigs(Secrets.WORKLOAD)
                    .setCombinedValidationContext(combined(servers, Secrets.ROOTS))
                    .addAllAlpnProtocols(http2 ? ALPN_CLIENT_HTTP2 : ALPN_CLIENT))
            .setSni(serverName.length() > SERVER_NAME_MAX ? "" : serverName)
            .build());
  }

  /** Tunnels (HBONE) as a waypoint makes them: to workloads of the mesh's trust domains. */
  public static TransportSocket tunnelClient(MeshConfig mesh) {
    return client(UpstreamTlsContext.newBuilder().setCommonTlsContext(tunnel(mesh)).build());
  }

  /**
   * TLS by certificates of the rule's own.
   *
   * @param tls of mode SIMPLE or MUTUAL
   * @param names that the server may show unless the rule says so itself
   */
  public static TransportSocket originate(
      ClientTls tls, List<String> names, ProxyNode node, MeshConfig mesh, boolean http2) {
    CommonTlsContext.Builder common =
        CommonTlsContext.newBuilder()
            .setTlsParams(
                clientVersions()
                    .addAllCipherSuites(mesh.tls().defaults().cipherSuites())
                    .addAllEcdhCurves(mesh.tls().defaults().ecdhCurves()));
    if (tls.mode() == ClientTls.Mode.MUTUAL) {
      if (tls.credentialName().isEmpty()) {
        addFiles(common, tls.files().clientCertificate(), tls.files().privateKey(), node);
      } else {
        common.addTlsCertificateSdsSecretConfigs(Secrets.credential(tls.credentialName()));
      }
    }
    if (!tls.insecureSkipVerify().orElse(false)) {
      CertificateValidationContext.Builder servers = CertificateValidationContext.newBuilder();
      addNames(servers, tls.subjectAltNames().isEmpty() ? names : tls.subjectAltNames());
      if (!tls.files().caCrl().isEmpty()) {
        servers.setCrl(file(tls.files().caCrl()));
      }
      if (tls.credentialName().isEmpty()) {
        String roots = tls.files().caCertificates();
        addRootsFile(common, servers, roots.isEmpty() ? SYSTEM_ROOTS : roots, node);
      } else {
        common.setCombinedValidationContext(
            combined(servers, Secrets.credentialRoots(tls.credentialName())));
      }
    }
    if (http2) {
      common.addAllAlpnProtocols(ALPN_HTTP2_ONLY);
    }
    return client(
        UpstreamTlsContext.newBuilder().setCommonTlsContext(common).setSni(tls.sni()).build());
  }

  private static TlsParameters.Builder clientVersions() {
    return TlsParameters.newBuilder()
        .setTlsMinimumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_2)
        .setTlsMaximumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_3);
  }

  private static TransportSocket client(UpstreamTlsContext context) {
    return TransportSocket.newBuilder().setName(NAME).setTypedConfig(Any.pack(context)).build();
  }

  // ---- both

  /** TLS of tunnels, between workloads of the mesh's trust domains. */
  private static CommonTlsContext tunnel(MeshConfig mesh) {
    CertificateValidationContext.Builder peers = CertificateValidationContext.newBuilder();
    addPrefix(peers, "spiffe://" + mesh.identity().trustDomain() + '/');
    mesh.identity()
        .trustDomainAliases()
        .forEach(alias -> addPrefix(peers, "spiffe://" + alias + '/'));
    return CommonTlsContext.newBuilder()
        .setTlsParams(
            TlsParameters.newBuilder()
                .setTlsMinimumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_3)
                .setTlsMaximumProtocolVersion(TlsParameters.TlsProtocol.TLSv1_3))
        .addTlsCertificateSdsSecretConfigs(Secrets.WORKLOAD)
        .setCombinedValidationContext(combined(peers, Secrets.ROOTS))
        .addAllAlpnProtocols(ALPN_HTTP2_ONLY)
        .build();
  }

  private static void addPrefix(CertificateValidationContext.Builder peers, String prefix) {
    peers.addMatchTypedSubjectAltNames(
        SubjectAltNameMatcher.newBuilder()
            .setSanType(SubjectAltNameMatcher.SanType.URI)
            .setMatcher(StringMatcher.newBuilder().setPrefix(prefix)));
  }

  private static void addRootsFile(
      CommonTlsContext.Builder common,
      CertificateValidationContext.Builder peers,
      String roots,
      ProxyNode node) {
    if (node.hasCertificates()) {
      common.setCombinedValidationContext(combined(peers, Secrets.rootsFile(roots)));
    } else {
      common.setValidationContext(
          peers.setTrustedCa(file(roots.equals(SYSTEM_ROOTS) ? SYSTEM_ROOTS_FILE : roots)));
    }
  }

  private static CommonTlsContext.CombinedCertificateValidationContext combined(
      CertificateValidationContext.Builder peers, SdsSecretConfig roots) {
    return CommonTlsContext.CombinedCertificateValidationContext.newBuilder()
        .setDefaultValidationContext(peers)
        .setValidationContextSdsSecretConfig(roots)
        .build();
  }

  @SuppressWarnings("deprecation") // the same field as Istio, for equal output
  private static void addNames(
      CertificateValidationContext.Builder peers, Collection<String> names) {
    names.forEach(name -> peers.addMatchSubjectAltNames(StringMatcher.newBuilder().setExact(name)));
  }

  private static DataSource file(String path) {
    return DataSource.newBuilder().setFilename(path).build();
  }
}
