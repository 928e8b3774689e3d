import * as z from 'zod/mini';
import { LAUNCHED, LaunchData } from './launch-data.ts';
import {
  checkKinds,
  Filters,
  matches,
  Paged,
  page,
  read,
  TagSpecifications,
  Texts,
  tagSet,
  tagsFor,
  tagValues,
} from './parameters.ts';
import type { Parameter, Parameters } from './query.ts';
import { Refusal } from './refusal.ts';
import { newId, type Region, type Template, type TemplateVersion } from './region.ts';
import { checkUserData } from './rules.ts';
import type { Answer } from './xml.ts';

const Named = z.object({ LaunchTemplateId: z.optional(z.string()), LaunchTemplateName: z.optional(z.string()) });
type Named = z.infer<typeof Named>;

const Data = z.record(z.string(), z.custom<Parameter>());

export function createLaunchTemplate(region: Region, parameters: Parameters): Answer {
  const asked = read(
    z.object({ LaunchTemplateName: z.string(), LaunchTemplateData: Data, TagSpecification: TagSpecifications }),
    parameters,
  );
  const { LaunchTemplateName: name } = asked;
  // Source: EC2 API reference, CreateLaunchTemplate, LaunchTemplateName.
  if (!/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name))
    throw new Refusal(
      'InvalidLaunchTemplateName.MalformedException',
      `The launch template name '${name}' is not valid`,
    );
  // Source: EC2 API reference, CreateLaunchTemplate, TagSpecification.
  checkKinds(asked.TagSpecification, 'launch-template');
  if (byName(region, name))
    throw new Refusal('InvalidLaunchTemplateName.AlreadyExistsException', `Launch template name already in use.`);
  const template: Template = {
    id: newId('lt'),
    name,
    madeAt: region.now,
    tags: new Map(tagsFor('launch-template', asked.TagSpecification)),
    versions: [versionOf(1, region.now, asked.LaunchTemplateData)],
    defaultVersion: 1,
  };
  region.templates.set(template.id, template);
  return { launchTemplate: shown(template) };
}

export function createLaunchTemplateVersion(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Named, { LaunchTemplateData: Data, SourceVersion: z.optional(z.string()) }), parameters);
  const template = find(region, asked);
  const source = asked.SourceVersion === undefined ? {} : versionNamed(template, asked.SourceVersion).data;
  const number = (template.versions.at(-1)?.number ?? 0) + 1;
  const version = versionOf(number, region.now, { ...source, ...asked.LaunchTemplateData });
  template.versions.push(version);
  return { launchTemplateVersion: shownVersion(template, version) };
}

export function modifyLaunchTemplate(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(Named, { SetDefaultVersion: z.string() }), parameters);
  const template = find(region, asked);
  template.defaultVersion = versionNamed(template, asked.SetDefaultVersion).number;
  return { launchTemplate: shown(template) };
}

export function deleteLaunchTemplate(region: Region, parameters: Parameters): Answer {
  const template = find(region, read(Named, parameters));
  region.templates.delete(template.id);
  return { launchTemplate: shown(template) };
}

export function describeLaunchTemplates(region: Region, parameters: Parameters): Answer {
  const asked = read(
    z.extend(Paged, { LaunchTemplateId: Texts, LaunchTemplateName: Texts, Filter: Filters }),
    parameters,
  );
  for (const id of asked.LaunchTemplateId) find(region, { LaunchTemplateId: id });
  for (const name of asked.LaunchTemplateName) find(region, { LaunchTemplateName: name });
  const wanted = [...region.templates.values()].filter(
    ({ id, name, tags }) =>
      (asked.LaunchTemplateId.length === 0 || asked.LaunchTemplateId.includes(id)) &&
      (asked.LaunchTemplateName.length === 0 || asked.LaunchTemplateName.includes(name)) &&
      matches(asked.Filter, (filter) => (filter === 'launch-template-name' ? [name] : tagValues(tags, filter))),
  );
  const { items, nextToken } = page(wanted, asked, 200);
  return { launchTemplates: items.map(shown), nextToken };
}

export function describeLaunchTemplateVersions(region: Region, parameters: Parameters): Answer {
  const asked = read(z.extend(z.extend(Paged, Named.shape), { LaunchTemplateVersion: Texts }), parameters);
  const template = find(region, asked);
  const wanted = asked.LaunchTemplateVersion.length
    ? asked.LaunchTemplateVersion.map((version) => versionNamed(template, version))
    : template.versions;
  const { items, nextToken } = page(wanted, asked, 200);
  return { launchTemplateVersionSet: items.map((version) => shownVersion(template, version)), nextToken };
}

/**
 * What a template says in one of its versions.
 * @throws {Refusal} when there is no such template or version.
 */
export function templateData(
  region: Region,
  specification: Named & { readonly Version?: string | undefined },
): { readonly template: Template; readonly version: number; readonly data: LaunchData } {
  const template = find(region, specification);
  const { number, data } = versionNamed(template, specification.Version ?? '$Default');
  return { template, version: number, data: read(LaunchData, data) };
}

export const TemplateSpecification = z.extend(Named, { Version: z.optional(z.string()) });

function find(region: Region, { LaunchTemplateId: id, LaunchTemplateName: name }: Named): Template {
  if ((id === undefined) === (name === undefined))
    throw new Refusal(
      'InvalidParameterValue',
      'Either a launch template ID or a launch template name must be specified',
    );
  const template = id === undefined ? byName(region, name ?? '') : region.templates.get(id);
  if (template) return template;
  if (id === undefined)
    throw new Refusal(
      'InvalidLaunchTemplateName.NotFoundException',
      `At least one of the launch templates specified in the request does not exist.`,
    );
  throw new Refusal(
    'InvalidLaunchTemplateId.NotFound',
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

function byName(region: Region, name: string): Template | undefined {
  return [...region.templates.values()].find((template) => template.name === name);
}

function versionNamed({ id, versions, defaultVersion }: Template, name: string): TemplateVersion {
  const number = name === '$Latest' ? versions.at(-1)?.number : name === '$Default' ? defaultVersion : Number(name);
  const version = versions.find((one) => one.number === number);
  if (!version)
    throw new Refusal(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find launch template version ${name} for the template ${id}.`,
    );
  return version;
}

function versionOf(number: number, madeAt: number, data: Parameters): TemplateVersion {
  const { UserData, TagSpecification } = read(LaunchData, data);
  checkUserData(UserData);
  checkKinds(TagSpecification, ...LAUNCHED);
  return { number, madeAt, data };
}

function shown({ id, name, madeAt, tags, versions, defaultVersion }: Template): Answer {
  return {
    launchTemplateId: id,
    launchTemplateName: name,
    createTime: new Date(madeAt),
    createdBy: 'arn:aws:iam::123456789012:user/emulator',
    defaultVersionNumber: defaultVersion,
    latestVersionNumber: versions.at(-1)?.number,
    tagSet: tagSet(tags),
  };
}

function shownVersion({ id, name, defaultVersion }: Template, { number, madeAt, data }: TemplateVersion): Answer {
  return {
    launchTemplateId: id,
    launchTemplateName: name,
    versionNumber: number,
    createTime: new Date(madeAt),
    defaultVersion: number === defaultVersion,
    launchTemplateData: answered('', data),
  };
}

/** What answers call a list that requests call otherwise. */
const SETS: Readonly<Record<string, string>> = {
  NetworkInterface: 'networkInterfaceSet',
  TagSpecification: 'tagSpecificationSet',
  BlockDeviceMapping: 'blockDeviceMappingSet',
  SecurityGroupId: 'securityGroupIdSet',
  SecurityGroup: 'securityGroupSet',
  Tag: 'tagSet',
};

function answered(within: string, value: Parameter): Answer {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item) => answered(within, item));
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const lower = name.charAt(0).toLowerCase() + name.slice(1);
      const set = within === 'NetworkInterface' && name === 'SecurityGroupId' ? 'groupSet' : (SETS[name] ?? lower);
      return [set, answered(name, part)];
    }),
  );
}
