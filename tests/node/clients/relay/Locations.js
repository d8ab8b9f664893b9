// Compiled by relay-compiler, which checks the members of the result and what an event tells against our SDL.
import { graphql } from 'relay-runtime';

graphql`
  fragment Locations_place on Location @inline { code name }
`;

graphql`
  mutation LocationsCreateMutation($input: CreateLocationInput!) {
    createLocation(input: $input) {
      __typename
      ...Locations_place @alias(as: "place")
      ... on Problem { message }
    }
  }
`;

graphql`
  subscription LocationsFollowSubscription($since: ID) {
    estateChanged(types: [LOCATION], sinceEvent: $since) {
      number kind type
      thing { ...Locations_place @alias(as: "place") }
    }
  }
`;
