package io.meltemi.proxy.admin;

import com.google.protobuf.Timestamp;
import io.envoyproxy.envoy.admin.v3.Certificate;
import io.envoyproxy.envoy.admin.v3.CertificateDetails;
import io.envoyproxy.envoy.admin.v3.Certificates;
import io.envoyproxy.envoy.admin.v3.SubjectAlternateName;
import io.meltemi.proxy.cluster.Cluster;
import io.meltemi.proxy.listener.ListenerManager;
import io.meltemi.proxy.transport.CertificatesInUse;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/** {@code /certs} as {@code admin.v3.Certificates}. */
final class CertificateViews {
  private final AdminContext context;

  CertificateViews(AdminContext context) {
    this.context = context;
  }

  Certificates message() {
    Certificates.Builder all = Certificates.newBuilder();
    context.running().clusters().all().stream()
        .sorted(Comparator.comparing(Cluster::name))
        .forEach(cluster -> cluster.certificates().forEach(used -> add(all, used)));
    for (ListenerManager.Status status : context.running().listeners().listeners()) {
      status
          .listener()
          .chains()
          .all()
          .forEach(chain -> chain.transport().tls().ifPresent(tls -> add(all, tls.inUse())));
    }
    return all.build();
  }

  private void add(Certificates.Builder all, CertificatesInUse used) {
    // one entry for each certificate of ours, as Envoy; a client without one has its authorities
    List<CertificatesInUse.Entry> chain = used.chain();
    Certificate.Builder certificate = Certificate.newBuilder();
    used.authorities().forEach(entry -> certificate.addCaCert(details(entry)));
    chain.forEach(entry -> certificate.addCertChain(details(entry)));
    all.addCertificates(certificate);
  }

  private CertificateDetails details(CertificatesInUse.Entry entry) {
    long days = Duration.between(context.ticker().now(), entry.until()).toDays();
    CertificateDetails.Builder details =
        CertificateDetails.newBuilder()
            .setPath(entry.path())
            .setSerialNumber(entry.serial().toString(16))
            .setDaysUntilExpiration(Math.max(0, days))
            .setValidFrom(time(entry.from()))
            .setExpirationTime(time(entry.until()));
    entry.names().dns().forEach(n -> details.addSubjectAltNames(name().setDns(n)));
    entry.names().uris().forEach(n -> details.addSubjectAltNames(name().setUri(n)));
    entry.names().ips().forEach(n -> details.addSubjectAltNames(name().setIpAddress(n)));
    return details.build();
  }

  private static SubjectAlternateName.Builder name() {
    return SubjectAlternateName.newBuilder();
  }

  private static Timestamp time(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
