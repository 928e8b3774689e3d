-- Credentials that were kept in clear are dropped, not converted: there is no key here to seal them with.
ALTER TABLE "clusters" ALTER COLUMN "credentials" SET DATA TYPE text USING '';
