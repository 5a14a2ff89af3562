/** Certificates, revocation lists and keys as texts. Immutable; any thread; takes hostile bytes. */
@org.jspecify.annotations.NullMarked
package io.meltemi.common.pem;
