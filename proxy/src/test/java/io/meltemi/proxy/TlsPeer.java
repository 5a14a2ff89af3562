package io.meltemi.proxy;

import io.meltemi.testing.TestPki.Issued;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** The other end of a connection in tests: the JDK's blocking TLS sockets. */
final class TlsPeer {
  private final SSLContext context;

  private TlsPeer(SSLContext context) {
    this.context = context;
  }

  /** A peer that trusts an authority and shows a certificate, when it has one. */
  static TlsPeer of(Issued trusted, Optional<Issued> own) {
    try {
      KeyStore trust = KeyStore.getInstance("PKCS12");
      trust.load(null, null);
      trust.setCertificateEntry("ca", parse(trusted.certificate()).getFirst());
      TrustManagerFactory trustManagers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trustManagers.init(trust);
      KeyManagerFactory keyManagers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, null);
      if (own.isPresent()) {
        keys.setKeyEntry(
            "own",
            own.get().keys().getPrivate(),
            new char[0],
            parse(own.get().chain()).toArray(Certificate[]::new));
      }
      keyManagers.init(keys, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      KeyManager[] managers = {
        new Always((X509ExtendedKeyManager) keyManagers.getKeyManagers()[0], own.isPresent())
      };
      context.init(managers, trustManagers.getTrustManagers(), null);
      return new TlsPeer(context);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Shows what it has, whichever authorities the server names. */
  private static final class Always extends X509ExtendedKeyManager {
    private final X509ExtendedKeyManager keys;
    private final boolean present;

    Always(X509ExtendedKeyManager keys, boolean present) {
      this.keys = keys;
      this.present = present;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return present ? "own" : null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return keys.chooseServerAlias(type, issuers, socket);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
      return keys.chooseEngineServerAlias(type, issuers, engine);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      return keys.getCertificateChain(alias);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      return keys.getPrivateKey(alias);
    }

    @Override
    public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
      return keys.getClientAliases(type, issuers);
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return keys.getServerAliases(type, issuers);
    }
  }

  private static List<Certificate> parse(String pem) throws GeneralSecurityException {
    return new ArrayList<>(
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
  }

  /** What a client asks for in its hello. */
  record Hello(String serverName, List<String> protocols, List<String> versions) {
    static final Hello PLAIN = new Hello("", List.of(), List.of("TLSv1.3", "TLSv1.2"));

    Hello serverName(String name) {
      return new Hello(name, protocols, versions);
    }

    Hello protocols(String... offered) {
      return new Hello(serverName, List.of(offered), versions);
    }

    Hello versions(String... spoken) {
      return new Hello(serverName, protocols, List.of(spoken));
    }
  }

  /** A connected socket whose handshake is done. */
  SSLSocket connect(int port, Hello hello) throws IOException {
    Socket plain = new Socket(InetAddress.getLoopbackAddress(), port);
    plain.setSoTimeout(20_000);
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(plain, "127.0.0.1", port, true);
    SSLParameters parameters = socket.getSSLParameters();
    if (!hello.serverName().isEmpty()) {
      parameters.setServerNames(List.of(new SNIHostName(hello.serverName())));
    }
    parameters.setApplicationProtocols(hello.protocols().toArray(String[]::new));
    parameters.setProtocols(hello.versions().toArray(String[]::new));
    socket.setSSLParameters(parameters);
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return socket;
  }

  SSLServerSocket listen() throws IOException {
    SSLServerSocket socket =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** Sends a request that ends the connection and answers all that comes back. */
  static String ask(Socket socket, String path) throws IOException {
    socket
        .getOutputStream()
        .write(
            ("GET " + path + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Sends a request and answers the body of a response with that many bytes. */
  static String askKeepingAlive(Socket socket, String path) throws IOException {
    socket
        .getOutputStream()
        .write(
            ("GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("closed within a head: " + head);
      }
      head.append((char) next);
    }
    int length = 0;
    for (String line : head.toString().split("\r\n", -1)) {
      if (line.startsWith("content-length: ")) {
        length = Integer.parseInt(line.substring(16));
      }
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }
}
