CREATE TABLE "clusters" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"spec" jsonb NOT NULL,
	"state" jsonb NOT NULL,
	"created_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"target" integer NOT NULL,
	"provider" text NOT NULL,
	"region" text NOT NULL,
	"credentials" jsonb NOT NULL,
	"endpoint" jsonb,
	"attempt" integer NOT NULL,
	"launches" jsonb NOT NULL,
	"failures" integer NOT NULL,
	"retry_at" bigint NOT NULL,
	"client_at" bigint,
	"surplus_since" bigint,
	"answered_at" bigint,
	"name" text GENERATED ALWAYS AS (spec ->> 'name') STORED NOT NULL,
	"phase" text GENERATED ALWAYS AS (state ->> 'phase') STORED NOT NULL,
	"lease_holder" text,
	"lease_until" bigint,
	CONSTRAINT "clusters_lease_whole" CHECK (("clusters"."lease_holder" is null) = ("clusters"."lease_until" is null))
);
--> statement-breakpoint
CREATE TABLE "events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"cluster_id" text NOT NULL,
	"at" bigint NOT NULL,
	"level" text NOT NULL,
	"text" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "installation_only" CHECK ("installation"."only")
);
--> statement-breakpoint
CREATE TABLE "ledger" (
	"machine_id" text NOT NULL,
	"cluster_id" text NOT NULL,
	"cluster_name" text NOT NULL,
	"owner" text NOT NULL,
	"role" text NOT NULL,
	"provider" text NOT NULL,
	"region" text NOT NULL,
	"zone" text NOT NULL,
	"type" text NOT NULL,
	"market" text NOT NULL,
	"from" bigint NOT NULL,
	"to" bigint NOT NULL,
	"seconds" bigint NOT NULL,
	"micros_per_hour" bigint NOT NULL,
	"micros" bigint NOT NULL,
	CONSTRAINT "ledger_machine_id_from_pk" PRIMARY KEY("machine_id","from")
);
--> statement-breakpoint
CREATE TABLE "machines" (
	"id" text PRIMARY KEY NOT NULL,
	"cluster_id" text NOT NULL,
	"role" text NOT NULL,
	"offer" jsonb NOT NULL,
	"state" text NOT NULL,
	"address" text NOT NULL,
	"launched_at" bigint NOT NULL,
	"running_at" bigint,
	"joined_at" bigint,
	"absent_at" bigint,
	"seen_at" bigint NOT NULL,
	"leaving" boolean NOT NULL,
	"terminate_asked_at" bigint,
	"ended_at" bigint,
	"end_reason" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_cluster_id_clusters_id_fk" FOREIGN KEY ("cluster_id") REFERENCES "public"."clusters"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "machines" ADD CONSTRAINT "machines_cluster_id_clusters_id_fk" FOREIGN KEY ("cluster_id") REFERENCES "public"."clusters"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "clusters_live_name" ON "clusters" USING btree ("name") WHERE phase in ('starting', 'ready', 'stopping');--> statement-breakpoint
CREATE INDEX "clusters_name" ON "clusters" USING btree ("name");--> statement-breakpoint
CREATE INDEX "clusters_created_at" ON "clusters" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "events_cluster_id_seq" ON "events" USING btree ("cluster_id","seq");--> statement-breakpoint
CREATE INDEX "ledger_to" ON "ledger" USING btree ("to");--> statement-breakpoint
CREATE INDEX "machines_cluster_id" ON "machines" USING btree ("cluster_id");--> statement-breakpoint
CREATE INDEX "machines_alive" ON "machines" USING btree ("launched_at") WHERE state <> 'terminated';